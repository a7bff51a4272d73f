// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.QemuVersion;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be proven about disks, and manifests that are none. */
class DiskStateTest {
  private static final Instant THEN = Instant.parse("2026-01-02T03:04:05.000000006Z");
  private static final HostFile FILE = new HostFile("host", 1, 2, 1 << 20, THEN, THEN);
  private static final DiskFacts.Disk DISK =
      new DiskFacts.Disk(
          "virtio0",
          "node",
          "/images/a.qcow2",
          "qcow2",
          1 << 20,
          false,
          Optional.of("base.qcow2"),
          List.of("1 before"),
          Optional.of(FILE),
          List.of(),
          List.of("base.qcow2"),
          Optional.empty());

  private static Manifest manifest(boolean ranOn, DiskFacts.Disk... disks) {
    return new Manifest(
        THEN,
        "6.1",
        ranOn,
        new GuestFacts(
            new QemuFacts(new QemuVersion(7, 2, 0), "", List.of(), Optional.empty()),
            new MachineFacts("pc", "tcg", new TreeMap<>()),
            new CpuFacts("cpu", 1, new TreeMap<>()),
            new MemoryFacts(List.of(), List.of(), List.of()),
            new DeviceFacts(List.of(), List.of()),
            new DiskFacts(List.of(disks))));
  }

  private static DiskState state(boolean ranOn, DiskFacts.Disk found) {
    return DiskState.of(manifest(ranOn, DISK), new DiskFacts(List.of(found))).getFirst();
  }

  private static DiskFacts.Disk with(HostFile file) {
    return new DiskFacts.Disk(
        DISK.drive(),
        "other node",
        DISK.file(),
        DISK.format(),
        DISK.bytes(),
        DISK.readOnly(),
        DISK.backing(),
        DISK.snapshots(),
        Optional.of(file),
        List.of(),
        DISK.chain(),
        Optional.empty());
  }

  @Test
  void onlyAnUntouchedFileIsTheSame() {
    assertThat(state(false, DISK)).isEqualTo(new DiskState.Same(DISK));
    assertThat(why(state(true, DISK))).isEqualTo(DiskState.Doubt.RAN_ON);
    assertThat(
            why(state(false, with(new HostFile("host", 1, 2, 1 << 20, THEN, THEN.plusNanos(1))))))
        .isEqualTo(DiskState.Doubt.FILE_CHANGED);
    assertThat(why(state(false, with(new HostFile("host", 1, 3, 1 << 20, THEN, THEN)))))
        .isEqualTo(DiskState.Doubt.OTHER_FILE);
    assertThat(why(state(false, with(new HostFile("other", 1, 2, 1 << 20, THEN, THEN)))))
        .isEqualTo(DiskState.Doubt.OTHER_HOST);
  }

  @Test
  void imageUnderAnOverlayIsTheSameThoughTheGuestRanOn() {
    DiskFacts.Disk saved = DISK.under("/images/a.1.qcow2");
    assertThat(DiskState.of(manifest(true, saved), new DiskFacts(List.of(DISK))))
        .containsExactly(new DiskState.Same(DISK));
  }

  private static DiskState.Doubt why(DiskState state) {
    return state instanceof DiskState.Unproven unproven
        ? unproven.why()
        : Assertions.fail(state.toString());
  }

  @Test
  void otherSizeAndSnapshotsAreCertain() {
    DiskFacts.Disk larger =
        new DiskFacts.Disk(
            "virtio0",
            "n",
            "f",
            "qcow2",
            2 << 20,
            false,
            Optional.empty(),
            List.of(),
            Optional.empty(),
            List.of(),
            List.of(),
            Optional.empty());
    assertThat(state(false, larger))
        .isEqualTo(new DiskState.Changed(larger, "its size is 2 MiB instead of 1 MiB"));
    DiskFacts.Disk snapshot =
        new DiskFacts.Disk(
            "virtio0",
            "n",
            "f",
            "qcow2",
            1 << 20,
            false,
            DISK.backing(),
            List.of("1 before", "2 after"),
            Optional.of(FILE),
            List.of(),
            List.of(),
            Optional.empty());
    assertThat(state(false, snapshot))
        .isEqualTo(new DiskState.Changed(snapshot, "it has other internal snapshots"));
    DiskFacts.Disk other =
        new DiskFacts.Disk(
            "virtio0",
            "n",
            "f",
            "qcow2",
            1 << 20,
            false,
            Optional.of("other.qcow2"),
            DISK.snapshots(),
            Optional.of(FILE),
            List.of(),
            List.of("other.qcow2"),
            Optional.empty());
    assertThat(state(false, other))
        .isEqualTo(new DiskState.Changed(other, "it has another image below"));
    assertThat(DiskState.of(manifest(false, DISK), new DiskFacts(List.of())))
        .containsExactly(new DiskState.Unproven(DISK, DiskState.Doubt.NOT_THERE));
  }

  @Test
  void manifestsAreReadAsWritten() {
    Manifest manifest = manifest(true, DISK, DISK.under("/images/a.1.qcow2"));
    assertThat(Manifest.ofJson(manifest.toJson())).isEqualTo(manifest);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "{\"manifest\": 2}",
        "{\"manifest\": 1, \"time\": \"yesterday\"}",
        "{\"manifest\": 1, \"time\": 3}"
      })
  void whatIsNoManifestIsRefused(String text) {
    Assertions.assertThatThrownBy(() -> Manifest.ofJson(text))
        .isInstanceOf(FixedRamException.class);
  }
}
