// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.manifest.CpuFacts;
import io.fixedram.qemu.manifest.DeviceFacts;
import io.fixedram.qemu.manifest.DiskFacts;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.GuestFacts;
import io.fixedram.qemu.manifest.MachineFacts;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.manifest.MemoryFacts;
import io.fixedram.qemu.manifest.QemuFacts;
import io.fixedram.qemu.obstacle.DiskObstacle;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QemuVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the disks of a QEMU command become overlays over the images of a save. */
class OverlayCommandTest {
  @TempDir Path directory;

  private Path images = Path.of("images");
  private Path overlays = Path.of("overlays");
  private OverlayFiles files = new OverlayFiles(OverlayNames.in(Optional.empty()));

  @BeforeEach
  void makeImages() throws IOException {
    images = Files.createDirectory(directory.resolve("images"));
    overlays = Files.createDirectory(directory.resolve("overlays"));
    files = new OverlayFiles(OverlayNames.in(Optional.of(overlays)));
    for (String name : List.of("first.qcow2", "first.1.qcow2", "other.raw", "nvram.fd")) {
      Files.writeString(images.resolve(name), name);
    }
  }

  private static DiskFacts.Disk disk(String file, String format, List<String> chain) {
    return new DiskFacts.Disk(
        "",
        "n",
        file,
        format,
        1 << 20,
        false,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of(),
        chain,
        Optional.empty());
  }

  /** A second save, so that the images are not those of the command. */
  private Manifest manifest() {
    return new Manifest(
        Instant.EPOCH,
        "6.1",
        true,
        new GuestFacts(
            new QemuFacts(new QemuVersion(7, 2, 0), "", List.of(), Optional.of(images)),
            new MachineFacts("pc", "tcg", new TreeMap<>()),
            new CpuFacts("cpu", 1, new TreeMap<>()),
            new MemoryFacts(List.of(), List.of(), List.of()),
            new DeviceFacts(List.of(), List.of()),
            new DiskFacts(
                List.of(
                    disk(
                        images.resolve("first.1.qcow2").toString(),
                        "qcow2",
                        List.of("first.qcow2")),
                    disk("other.raw", "raw", List.of()),
                    disk("nvram.fd", "raw", List.of())))));
  }

  private List<String> rewritten(String... options) {
    List<String> words = new ArrayList<>(List.of("sudo", "qemu-system-x86_64", "-m", "64"));
    for (String option : options) {
      words.add(option.replace("IMAGES", images.toString()));
    }
    List<String> all =
        OverlayCommand.rewritten(QemuCommandLine.of(words), "vm.fram", manifest(), files).words();
    assertThat(all).hasSize(words.size()).startsWith("sudo", "qemu-system-x86_64", "-m", "64");
    return all.subList(4, all.size()).stream()
        .map(each -> each.replace(overlays.toString(), "OVERLAYS"))
        .toList();
  }

  private Obstacle obstacle(String... options) {
    try {
      throw new AssertionError(rewritten(options));
    } catch (ObstacleException e) {
      return e.obstacle();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "-drive|file=IMAGES/first.qcow2,if=virtio|file=OVERLAYS/first.1.qcow2,if=virtio,format=qcow2",
        "-drive|if=none,id=d,file.filename=IMAGES/other.raw,file.driver=file,driver=raw,cache=none"
            + "|if=none,id=d,file.filename=OVERLAYS/other.1.qcow2,cache=none,format=qcow2",
        "-blockdev|qcow2,node-name=n,file.driver=file,file.filename=IMAGES/first.1.qcow2,lazy-refcounts=on"
            + "|driver=qcow2,node-name=n,file.driver=file,file.filename=OVERLAYS/first.1.qcow2,lazy-refcounts=on",
        "-blockdev|{\"driver\":\"raw\",\"node-name\":\"n\",\"cache\":{\"direct\":true},\"file\":{\"driver\":\"host_device\",\"filename\":\"IMAGES/other.raw\"}}"
            + "|driver=qcow2,node-name=n,cache.direct=on,file.driver=file,file.filename=OVERLAYS/other.1.qcow2",
        "-blockdev|{\"driver\":\"qcow2\",\"node-name\":\"n\",\"backing\":null,\"file\":{\"driver\":\"file\",\"filename\":\"IMAGES/first.qcow2\"}}"
            + "|driver=qcow2,node-name=n,file.driver=file,file.filename=OVERLAYS/first.1.qcow2",
        "-blockdev|driver=file,filename=IMAGES/nvram.fd,node-name=n,locking=off"
            + "|driver=qcow2,node-name=n,file.driver=file,file.filename=OVERLAYS/nvram.1.qcow2,file.locking=off",
        "-hda|IMAGES/first.qcow2|OVERLAYS/first.1.qcow2",
        "--pflash|IMAGES/nvram.fd|OVERLAYS/nvram.1.qcow2",
        "-drive|file=/other/cd.iso,media=cdrom|file=/other/cd.iso,media=cdrom",
        "-drive|file=/other/disk,readonly=on|file=/other/disk,readonly=on",
        "-drive|file=/other/disk,snapshot=on|file=/other/disk,snapshot=on",
        "-drive|if=ide,id=empty|if=ide,id=empty",
        "-blockdev|driver=null-co,node-name=n|driver=null-co,node-name=n",
        "-blockdev|driver=throttle,file=n,throttle-group=g|driver=throttle,file=n,throttle-group=g",
        "-cdrom|/other/cd.iso|/other/cd.iso"
      })
  void disksBecomeOverlays(String option, String value, String expected) {
    List<String> words = rewritten(option, value);
    assertThat(words.getFirst()).isEqualTo(option);
    assertThat(words.getLast().split(",")).containsExactlyInAnyOrder(expected.split(","));
  }

  @Test
  void imageWithoutAnOption() {
    assertThat(rewritten("IMAGES/first.qcow2")).containsExactly("OVERLAYS/first.1.qcow2");
    assertThat(files.made())
        .containsExactly(
            new DiskOverlay(
                "",
                images.resolve("first.1.qcow2").toString(),
                overlays.resolve("first.1.qcow2").toString()));
    files.close();
    assertThat(overlays).isEmptyDirectory();
  }

  @Test
  void fileThatIsANodeOfItsOwn() {
    assertThat(
            rewritten(
                "-blockdev",
                "driver=file,filename=IMAGES/other.raw,node-name=f,aio=threads",
                "-blockdev",
                "driver=raw,file=f,node-name=n,discard=unmap",
                "-blockdev",
                "driver=throttle,file=n,node-name=t,throttle-group=g"))
        .containsExactly(
            "-blockdev",
            "driver=file,filename=OVERLAYS/other.1.qcow2,node-name=f,aio=threads",
            "-blockdev",
            "driver=qcow2,file=f,node-name=n,discard=unmap",
            "-blockdev",
            "driver=throttle,file=n,node-name=t,throttle-group=g");
  }

  @Test
  void secondOverlayHasTheNextNumber() {
    var _ = rewritten("-hda", "IMAGES/other.raw");
    assertThat(rewritten("-hda", "IMAGES/other.raw")).contains("OVERLAYS/other.2.qcow2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-drive|file=IMAGES/other.raw,format=raw,offset=512|it has offset",
        "-drive|file=IMAGES/first.qcow2,backing.file.filename=x|it has backing.file.filename",
        "-drive|file=json:{},if=virtio|no name of a file",
        "-blockdev|driver=qcow2,node-name=n,file=missing|no -blockdev has the node missing",
        "-blockdev|driver=quorum,node-name=n|its driver is 'quorum'",
        "-blockdev|driver=nbd,node-name=n,server.host=h|its driver is 'nbd'",
        "-blockdev|driver=qcow2,file.driver=nbd,file.host=h|its file is not one of a file system",
        "-blockdev|{driver|it is no valid JSON",
        "-set|drive.d.file=x.qcow2|it may change the image of a disk",
        "-readconfig|vm.cfg|options in a file"
      })
  void otherFormsAreRefusedByName(String option, String value, String why) {
    assertThat(obstacle(option, value))
        .isInstanceOfSatisfying(
            DiskObstacle.OptionNotRewritable.class,
            each -> {
              assertThat(each.option()).startsWith(option);
              assertThat(each.why()).contains(why);
            });
  }

  @Test
  void disksThatAreNoneOfTheSave() throws IOException {
    assertThat(obstacle("-hda", "/other/disk.raw"))
        .isInstanceOfSatisfying(
            DiskObstacle.NotOfTheSave.class,
            each -> assertThat(each.saved()).contains("other.raw").hasSize(3));
    Files.delete(images.resolve("first.1.qcow2"));
    assertThat(obstacle("-hda", "IMAGES/first.qcow2"))
        .isInstanceOf(DiskObstacle.ImageMissing.class);
    // A copy under the same name, if the image is not where it was.
    Path copy = Files.writeString(overlays.resolve("first.1.qcow2"), "copy");
    assertThat(rewritten("-hda", copy.toString())).contains("OVERLAYS/first.2.qcow2");
    assertThat(files.made().getLast().image()).isEqualTo(copy.toString());
  }

  @Test
  void namesOfOverlays() {
    OverlayNames names = new OverlayNames(Optional.empty(), "{disk}-vm{n}");
    assertThat(names.name("/images/disk.12.qcow2", 3)).isEqualTo("disk-vm3");
    assertThat(OverlayNames.in(Optional.empty()).name("/dev/vg/root", 1)).isEqualTo("root.1.qcow2");
    assertThatThrownBy(() -> new OverlayNames(Optional.empty(), "a/{n}"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new OverlayNames(Optional.empty(), "all.qcow2"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
