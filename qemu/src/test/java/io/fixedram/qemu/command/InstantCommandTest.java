// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import io.fixedram.qemu.command.InstantCommand.MappedBlock;
import io.fixedram.qemu.command.InstantCommand.Target;
import io.fixedram.qemu.obstacle.InstantObstacle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstantCommandTest {
  private static final String TAIL =
      ",share=off,readonly=on,rom=off,x-use-canonical-path-for-ramblock-id=";
  private static final int MIB = 1 << 20;

  private static Target save(Object... blocks) {
    List<RamBlock> list = new ArrayList<>();
    List<BlockPlace> places = new ArrayList<>();
    for (int i = 0; i < blocks.length; i += 2) {
      RamBlock block = new RamBlock(i / 2, (String) blocks[i], (long) (int) blocks[i + 1] * MIB);
      list.add(block);
      places.add(new BlockPlace(block, 100, 8, (i + 1L) << 32));
    }
    SaveHeader header =
        new SaveHeader(Configuration.of("pc-i440fx-7.2"), new RamBlocks(4096, list), 2);
    return new Target(Path.of("/tmp/a,b.save"), header, places);
  }

  /** One block of main memory and those of devices. */
  private static Target plain(int mebibytes) {
    return save("pc.ram", mebibytes, "pc.bios", 1, "0000:00:02.0/vga.vram", 16, "/rom@x", 1);
  }

  private static InstantCommand of(Target save, String... words) {
    List<String> all = new ArrayList<>(List.of("qemu-system-x86_64"));
    all.addAll(List.of(words));
    return InstantCommand.of(
        QemuCommandLine.of(all), save, path -> path.startsWith("/dev/hugepages"));
  }

  private static void assertRefused(Target save, String why, String... words) {
    assertThatThrownBy(() -> of(save, words))
        .isInstanceOfSatisfying(
            NotInstantException.class,
            e -> assertThat(e.obstacle()).isInstanceOf(InstantObstacle.class))
        .hasMessageContaining(why);
  }

  @ParameterizedTest
  @CsvSource({"2G", "2048", "'2G,slots=4,maxmem=8G'", "size=2048M"})
  void memoryGivenBySizeOnly(String size) {
    InstantCommand command = of(plain(2048), "-M", "pc", "-m", size, "disk.img");
    assertThat(command.words())
        .containsExactly(
            "qemu-system-x86_64",
            "-M",
            "pc",
            "-m",
            size,
            "disk.img",
            "-object",
            "memory-backend-file,id=pc.ram,size=2147483648,mem-path=/tmp/a,,b.save,offset="
                + (1L << 32)
                + TAIL
                + "off",
            "-machine",
            "memory-backend=pc.ram");
    assertThat(command.mappings())
        .containsExactly(new MappedBlock("pc.ram", plain(2048).places().getFirst()));
  }

  /** Whoever made the file chose the name, and must not choose options with it. */
  @Test
  void theNameOfABlockIsNoOption() {
    assertThat(of(save("pc.ram,kernel=evil", 64), "-m", "64").words())
        .contains("memory-backend=pc.ram,,kernel=evil")
        .anyMatch(word -> word.startsWith("memory-backend-file,id=pc.ram,,kernel=evil,size="));
  }

  @Test
  void noSizeAtAll() {
    assertThat(of(plain(128)).words()).contains("memory-backend=pc.ram");
    assertThat(of(plain(128), "-m", "slots=2,maxmem=1G").words()).contains("memory-backend=pc.ram");
    assertRefused(plain(256), "give -m 256M");
  }

  @Test
  void lastSizeCounts() {
    assertThat(of(plain(256), "-m", "1G", "-m", "256").words()).contains("memory-backend=pc.ram");
  }

  @Test
  void anotherSize() {
    assertRefused(
        plain(256),
        "holds a guest with 256 MiB of RAM, but the command gives 512 MiB: give -m 256M",
        "-m",
        "512M");
    assertRefused(plain(256), "'-m much' is not a size", "-m", "much");
    for (String other : List.of("isa-bios", "vmsvga.fifo", "dimm1")) {
      assertRefused(
          save("pc.ram", 256, other, 1), "RAM, but the command gives 512 MiB", "-m", "512M");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "memory-backend-ram,id=ram0,size=256M",
        "memory-backend-memfd,id=ram0,size=268435456,share=off,hugetlb=off,seal=off",
        "memory-backend-file,id=ram0,size=0x10000000,mem-path=/tmp/ram,prealloc=off,align=2M",
        "qom-type=memory-backend-ram,id=ram0,size=256M",
      })
  void backend(String object) {
    InstantCommand command =
        of(save("ram0", 256), "-object", object, "-machine", "q35,memory-backend=ram0");
    assertThat(command.words())
        .containsExactly(
            "qemu-system-x86_64",
            "-object",
            "memory-backend-file,id=ram0,size=268435456,mem-path=/tmp/a,,b.save,offset="
                + (1L << 32)
                + TAIL
                + "off",
            "-machine",
            "q35,memory-backend=ram0");
    assertThat(command.mappings()).extracting(MappedBlock::backend).containsExactly("ram0");
  }

  @Test
  void backendInJson() {
    String object =
        "{\"qom-type\":\"memory-backend-ram\",\"id\":\"ram0\",\"size\":268435456,"
            + "\"host-nodes\":[0,1],\"policy\":\"bind\",\"prealloc\":false}";
    InstantCommand command =
        of(save("ram0", 256), "-object", object, "-machine", "memory-backend=ram0");
    assertThat(command.words().get(2))
        .isEqualTo(
            "{\"qom-type\":\"memory-backend-file\",\"id\":\"ram0\",\"host-nodes\":[0,1],"
                + "\"policy\":\"bind\",\"size\":268435456,\"mem-path\":\"/tmp/a,b.save\",\"offset\":"
                + (1L << 32)
                + ",\"share\":false,\"readonly\":true,\"rom\":\"off\","
                + "\"x-use-canonical-path-for-ramblock-id\":false}");
  }

  @Test
  void whatABackendIsBoundToStays() {
    InstantCommand command =
        of(
            save("ram0", 256),
            "-object",
            "memory-backend-ram,id=ram0,size=256M,host-nodes=0,host-nodes=2,policy=bind,merge=off,"
                + "reserve=off",
            "-machine",
            "memory-backend=ram0");
    assertThat(command.words().get(2))
        .startsWith(
            "memory-backend-file,id=ram0,host-nodes=0,host-nodes=2,policy=bind,merge=off,reserve=off,"
                + "size=");
  }

  @ParameterizedTest
  @CsvSource({
    "'memory-backend-memfd,id=ram0,size=256M', 1",
    "'memory-backend-memfd,id=ram0,size=256M,share=off', 0",
    "'memory-backend-ram,id=ram0,size=256M', 0",
  })
  void memoryThatWouldBeSharedByDefault(String object, int remarks) {
    InstantCommand command =
        of(save("ram0", 256), "-object", object, "-machine", "memory-backend=ram0");
    assertThat(command.remarks())
        .hasSize(remarks)
        .allMatch(each -> each.contains("is mapped privately"));
  }

  @Test
  void blockNamedByItsPath() {
    InstantCommand command =
        of(
            save("/objects/ram0", 256),
            "-object",
            "memory-backend-file,id=ram0,size=256M,mem-path=/tmp/x",
            "-machine",
            "memory-backend=ram0");
    assertThat(command.words().get(2)).endsWith(TAIL + "on");
  }

  @Test
  void numaNodes() {
    Target save = save("n0", 256, "n1", 512, "pc.bios", 1);
    InstantCommand command =
        of(
            save,
            "-m",
            "768M",
            "-object",
            "memory-backend-ram,id=n1,size=512M",
            "-object",
            "{\"qom-type\":\"memory-backend-memfd\",\"id\":\"n0\",\"size\":268435456}",
            "-numa",
            "node,nodeid=0,memdev=n0",
            "-numa",
            "node,nodeid=1,memdev=n1",
            "-numa",
            "dist,src=0,dst=1,val=20");
    assertThat(command.mappings())
        .containsExactly(
            new MappedBlock("n0", save.places().get(0)),
            new MappedBlock("n1", save.places().get(1)));
    assertThat(command.words().get(4)).contains("offset=" + (3L << 32));
    assertThat(command.words().get(6)).contains("\"offset\":" + (1L << 32));
    assertThat(command.words()).doesNotContain("-machine");
  }

  @Test
  void dimms() {
    Target save = save("pc.ram", 256, "m1", 128, "pc.bios", 1);
    InstantCommand command =
        of(
            save,
            "-m",
            "256M,slots=2,maxmem=1G",
            "-object",
            "memory-backend-ram,id=m1,size=128M",
            "-object",
            "memory-backend-ram,id=spare,size=64M",
            "-device",
            "{\"driver\":\"pc-dimm\",\"memdev\":\"m1\",\"id\":\"d1\"}");
    assertThat(command.mappings()).extracting(MappedBlock::backend).containsExactly("m1", "pc.ram");
    assertThat(command.words()).contains("memory-backend-ram,id=spare,size=64M");
    assertThat(command.words()).endsWith("-machine", "memory-backend=pc.ram");
  }

  @Test
  void sharedMemoryThatIsNoRamOfTheMachineStays() {
    String shared = "memory-backend-file,id=shm,size=64M,mem-path=/dev/shm/x,share=on";
    InstantCommand command =
        of(
            save("pc.ram", 256, "shm", 64),
            "-m",
            "256M",
            "-object",
            shared,
            "-device",
            "ivshmem-plain,memdev=shm");
    assertThat(command.words()).contains(shared);
    assertThat(command.mappings()).extracting(MappedBlock::backend).containsExactly("pc.ram");
  }

  @ParameterizedTest
  @CsvSource({
    "'memory-backend-ram,id=ram0,size=256M,share=on', share=on",
    "'memory-backend-memfd,id=ram0,size=256M,hugetlb=on', huge pages",
    "'memory-backend-file,id=ram0,size=256M,mem-path=/dev/hugepages/x', huge pages",
    "'memory-backend-ram,id=ram0,size=256M,prealloc=yes', prealloc=on",
    "'memory-backend-file,id=ram0,size=256M,mem-path=/x,readonly=on', readonly=on",
    "'memory-backend-ram,id=ram0,size=128M', give it size=256M",
    "'memory-backend-ram,id=ram0', give it size=256M",
    "'memory-backend-epc,id=ram0,size=256M', memory-backend-epc",
    "'memory-backend-ram,id=ram0,size=256M,new-property=1', new-property",
    "'memory-backend-ram,id=other,size=256M', no -object with that id",
  })
  void backendsThatCannotBe(String object, String why) {
    assertRefused(save("ram0", 256), why, "-object", object, "-machine", "memory-backend=ram0");
  }

  @Test
  void backendOfAnotherName() {
    assertRefused(
        save("ram0", 256, "pc.bios", 1),
        "has no RAM block of the memory backend mem, but ram0 (256 MiB): give the backends the same",
        "-object",
        "memory-backend-ram,id=mem,size=256M",
        "-machine",
        "memory-backend=mem");
  }

  @Test
  void backendsThatTheCommandDoesNotHave() {
    assertRefused(save("n0", 128, "n1", 128), "give it the memory backends", "-m", "256M");
  }

  @Test
  void aMappingOfAnEarlierSaveIsReplaced() {
    String first = of(plain(256), "-m", "256M").words().get(4);
    assertThat(
            of(plain(256), "-m", "256M", "-object", first, "-machine", "memory-backend=pc.ram")
                .words()
                .get(4))
        .isEqualTo(first);
  }

  @ParameterizedTest
  @CsvSource({
    "-readconfig, vm.cfg, -readconfig",
    "-mem-path, /dev/hugepages, -mem-path",
    "-mem-prealloc, -nographic, -mem-prealloc",
    "-overcommit, mem-lock=on, mem-lock",
    "-overcommit, 'cpu-pm=on,mem-lock=on', mem-lock",
    "-device, 'vfio-pci,host=01:00.0', vfio-pci",
    "-device, '{\"driver\":\"vhost-user-fs-pci\"}', vhost-user-fs-pci",
    "-device, 'virtio-mem-pci,memdev=m', virtio-mem-pci",
    "-netdev, 'vhost-user,id=n,chardev=c', vhost-user",
    "-device, 'virtio-gpu-pci,blob=on', blob=on",
    "-device, '{\"driver\":\"virtio-vga\",\"blob\":true}', blob=on",
    "-device, '{''driver'':''virtio-vga''}', can't be read",
    "-numa, 'node,mem=128M', memdev=",
    "-machine, 'memory.size=256M', -m",
  })
  void whatCannotBeRewritten(String option, String value, String why) {
    assertRefused(plain(256), why, "-m", "256M", option, value);
  }

  @Test
  void whatMayStay() {
    of(
        plain(256),
        "-m",
        "256M",
        "-overcommit",
        "cpu-pm=on",
        "-netdev",
        "user,id=n",
        "-numa",
        "node");
    of(plain(256), "-m", "256M", "-overcommit", "mem-lock=off", "-append", "-mem-prealloc");
  }

  @Test
  void savesThatCannotBeMapped() {
    Target save = plain(256);
    Configuration shared =
        Configuration.of("pc").withCapabilities(List.of(Configuration.X_IGNORE_SHARED));
    assertRefused(
        new Target(save.path(), new SaveHeader(shared, save.header().blocks(), 2), save.places()),
        "x-ignore-shared",
        "-m",
        "256M");
    RamBlock huge =
        new RamBlock(0, "pc.ram", 256L * MIB, OptionalLong.of(2 * MIB), OptionalLong.empty());
    SaveHeader header =
        new SaveHeader(Configuration.of("pc"), new RamBlocks(4096, List.of(huge)), 2);
    assertRefused(
        new Target(save.path(), header, List.of(new BlockPlace(huge, 100, 8, 4096))),
        "huge pages",
        "-m",
        "256M");
  }
}
