// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.GuestSpec;
import io.fixedram.qemu.RunningQemu;
import io.fixedram.qemu.obstacle.GuestDifference;
import io.fixedram.qemu.obstacle.GuestDifference.Effect;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Facts about guests of real QEMUs, and the differences between them. */
@Tag("qemu")
@Timeout(60)
class GuestFactsTest {
  private static final GuestSpec GUEST =
      GuestSpec.small().with("-device", "virtio-rng-pci,id=rng0,addr=5", "-cpu", "qemu64", "-S");

  @TempDir Path directory;

  private GuestFacts facts(TestedQemu version, GuestSpec spec) throws Exception {
    // A directory for each, since a QEMU that was killed leaves its sockets.
    Path own = Files.createTempDirectory(directory, "qemu");
    try (RunningQemu qemu = RunningQemu.boot(version, spec, own)) {
      return GuestFacts.ask(qemu.observer(), OptionalInt.empty());
    }
  }

  @ParameterizedTest
  @EnumSource
  void factsAreThoseOfTheCommand(TestedQemu version) throws Exception {
    Path disk = Files.write(directory.resolve("disk.raw"), new byte[1 << 20]);
    GuestSpec spec = GUEST.with("-smp", "2", "-drive", "if=virtio,id=vd0,format=raw,file=" + disk);
    GuestFacts facts;
    String directoryOfQemu;
    try (RunningQemu qemu = RunningQemu.boot(version, spec, directory)) {
      facts = GuestFacts.ask(qemu.observer(), OptionalInt.empty());
      directoryOfQemu =
          Files.readSymbolicLink(Path.of("/proc/" + qemu.process().pid() + "/cwd")).toString();
    }
    assertThat(facts.machine().type()).isEqualTo("pc-i440fx-7.2");
    assertThat(facts.machine().accelerator()).isEqualTo("tcg");
    assertThat(facts.machine().properties()).containsEntry("smm", "auto");
    assertThat(facts.cpu().model()).isEqualTo("qemu64-x86_64-cpu");
    assertThat(facts.cpu().count()).isEqualTo(2);
    // Bit 0 of EDX of leaf 1: the CPU has an FPU.
    assertThat(facts.cpu().features().getOrDefault("0x1.0.edx", 0L) & 1).isOne();
    assertThat(facts.qemu().version().toString())
        .startsWith(version == TestedQemu.QEMU_7 ? "QEMU 7." : "QEMU 10.");
    assertThat(facts.qemu().command())
        .containsSequence("-accel", "tcg")
        .containsSequence("-cpu", "qemu64");
    assertThat(facts.qemu().directory()).hasToString("Optional[" + directoryOfQemu + "]");
    assertThat(facts.memory().blocks())
        .contains(new MemoryFacts.Block("pc.ram", 64 << 20, 4096))
        .anyMatch(block -> block.name().equals("pc.bios"));
    assertThat(facts.memory().map())
        .anySatisfy(range -> {
          assertThat(range.block()).contains("pc.ram");
          assertThat(range.address()).isEqualTo(1 << 20);
          assertThat(range.offset()).isEqualTo(1 << 20);
          assertThat(range.bytes()).isEqualTo(63 << 20);
        });
    assertThat(facts.devices().added())
        .contains(new DeviceFacts.Device("/machine/peripheral/rng0", "virtio-rng-pci"));
    assertThat(facts.devices().pci())
        .anySatisfy(function -> {
          assertThat(function.address()).isEqualTo("05.0");
          assertThat(function.id()).isEqualTo("1af4:1005");
        });
    DiskFacts.Disk found =
        facts.disks().list().stream().filter(each -> each.drive().equals("vd0")).findAny().get();
    assertThat(found.file()).isEqualTo(disk.toString());
    assertThat(found.bytes()).isEqualTo(1 << 20);
    assertThat(found.hostFile()).isEqualTo(HostFile.of(java.util.Optional.empty(), found.file()));
    assertThat(found.hostFile()).isPresent();

    Manifest manifest = new Manifest(Instant.now(), "6.1", true, facts);
    String json = manifest.toJson();
    assertThat(Manifest.ofJson(json)).isEqualTo(manifest);
    assertThat(json).doesNotContain("\n").doesNotContain("\0");
  }

  @ParameterizedTest
  @EnumSource
  void sameMachineInTheOtherQemuDoesNotDiffer(TestedQemu version) throws Exception {
    TestedQemu other = version == TestedQemu.QEMU_7 ? TestedQemu.QEMU_10 : TestedQemu.QEMU_7;
    GuestFacts saved = facts(version, GUEST);
    GuestFacts waiting = facts(other, GUEST.with("-incoming", "defer"));
    assertThat(Differences.between(saved, waiting)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -cpu max                       | OtherCpuModel      | GUEST_MAY_FAIL   | use -cpu qemu64
          -cpu qemu64,-sse3              | CpuFeaturesMissing | GUEST_MAY_FAIL   | 0x1.0.ecx[0]
          -smp 2                         | OtherCpuCount      | GUEST_MAY_FAIL   | use -smp 1
          -machine smm=off               | OtherProperty      | GUEST_MAY_FAIL   | use -machine smm=auto
          -machine max-ram-below-4g=32M  | OtherProperty      | GUEST_MAY_FAIL   | max-ram-below-4g
          -device virtio-balloon-pci     | DeviceAdded        | GUEST_MAY_NOTICE | virtio-balloon-pci
          -device ivshmem-plain,memdev=m -object memory-backend-ram,id=m,size=1M | BlockAdded | GUEST_MAY_NOTICE | remove
          """)
  void aDifferenceIsNamed(String more, String kind, Effect effect, String words) throws Exception {
    GuestFacts saved = facts(TestedQemu.QEMU_7, GUEST);
    GuestFacts found = facts(TestedQemu.QEMU_7, GUEST.with(more.split(" ")));
    List<GuestDifference> differences = Differences.between(saved, found);
    assertThat(differences)
        .anySatisfy(difference -> {
          assertThat(difference.getClass().getSimpleName()).isEqualTo(kind);
          assertThat(difference.effect()).isEqualTo(effect);
          assertThat(difference.sentence()).contains(words);
        });
  }

  @ParameterizedTest
  @EnumSource
  void aMissingOrMovedDeviceIsNamed(TestedQemu version) throws Exception {
    GuestFacts saved = facts(version, GUEST);
    GuestFacts without = facts(version, GuestSpec.small().with("-cpu", "qemu64", "-S"));
    assertThat(Differences.between(saved, without))
        .extracting(GuestDifference::sentence)
        .containsExactly(
            "device virtio-rng-pci (id=rng0) of the saved guest is missing: add it",
            "PCI address 05.0 has no device, and the saved guest had 1af4:1005: use the devices of"
                + " the saved guest, at the same addresses (addr=)");
    GuestFacts moved =
        facts(
            version,
            GuestSpec.small()
                .with("-device", "virtio-rng-pci,id=rng0,addr=6", "-cpu", "qemu64", "-S"));
    assertThat(Differences.between(saved, moved))
        .extracting(difference -> difference.effect().name())
        .containsExactly("NOT_LOADABLE", "GUEST_MAY_NOTICE");
    GuestFacts other = facts(version, GUEST.on("pc-q35-7.2"));
    assertThat(Differences.between(saved, other))
        .first()
        .isEqualTo(new GuestDifference.OtherMachine("pc-i440fx-7.2", "pc-q35-7.2"));
  }
}
