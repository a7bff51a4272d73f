// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.qemu.manifest.DiskFacts.Disk;
import io.fixedram.qemu.text.SizeText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Whether a disk has the content that the saved guest expects. With other content, the guest would
 * damage its file systems, of which it has parts in its memory.
 */
public sealed interface DiskState {
  /** The disk in QEMU, or the saved one if QEMU has none. */
  Disk disk();

  /**
   * The file has not been written to since the save.
   *
   * @param disk the disk in QEMU
   */
  record Same(Disk disk) implements DiskState {}

  /**
   * Neither equality nor a difference can be proven.
   *
   * @param disk the disk in QEMU
   */
  record Unproven(Disk disk, Doubt why) implements DiskState {}

  /** Reasons why the content of a disk is not known to be the same. */
  enum Doubt {
    /** The disk is an overlay that QEMU deletes at its end (snapshot=on). */
    TEMPORARY("what the guest wrote to it is not kept (snapshot=on)"),
    /** The guest ran on, and may have written to the disk. */
    RAN_ON("the guest ran on after the save"),
    /** QEMU has no disk that could be this one. */
    NOT_THERE("QEMU has no such drive, or no medium in it"),
    /** A block device, a network disk, or a QEMU on another host. */
    NOT_A_FILE("it is not a file that can be looked at"),
    /** The save comes from another host, or the host has no id. */
    OTHER_HOST("it was saved on another host"),
    /** Another file, such as a copy. */
    OTHER_FILE("it is another file than that of the saved guest"),
    /** Content or attributes of the file have changed. */
    FILE_CHANGED("its file, or one below it, was changed since the save");

    private final String clause;

    Doubt(String clause) {
      this.clause = clause;
    }

    /** The reason as a clause. */
    public String clause() {
      return clause;
    }
  }

  /**
   * The disk has certainly other content.
   *
   * @param disk the disk in QEMU, or the saved one if QEMU has none
   * @param what the difference, a clause such as "its size is 2 MiB instead of 1 MiB"
   */
  record Changed(Disk disk, String what) implements DiskState {}

  /** The states of all disks of a save that the guest can write to, or has in a drive. */
  static List<DiskState> of(Manifest saved, DiskFacts found) {
    List<DiskState> states = new ArrayList<>();
    for (Disk disk : saved.guest().disks().list()) {
      Optional<Disk> same = counterpart(disk, found);
      states.add(
          same.isPresent()
              ? compare(saved.ranOn(), disk, same.get())
              : new Unproven(disk, Doubt.NOT_THERE));
    }
    return List.copyOf(states);
  }

  /**
   * The same file, whatever its drive is called now; else the same name, else the same drive. QEMU
   * numbers drives of devices without an id anew.
   */
  private static Optional<Disk> counterpart(Disk disk, DiskFacts found) {
    return first(found, each -> isSameFile(disk, each))
        .or(() -> first(found, each -> each.file().equals(disk.file()) && !disk.file().isEmpty()))
        .or(() -> first(found, each -> each.drive().equals(disk.drive()) && disk.isNamed()));
  }

  private static Optional<Disk> first(DiskFacts found, Predicate<Disk> wanted) {
    return found.list().stream().filter(wanted).findFirst();
  }

  private static boolean isSameFile(Disk saved, Disk found) {
    return saved.hostFile().isPresent()
        && found.hostFile().isPresent()
        && saved.hostFile().get().isSameFile(found.hostFile().get());
  }

  private static DiskState compare(boolean ranOn, Disk saved, Disk found) {
    return difference(saved, found)
        .<DiskState>map(what -> new Changed(found, what))
        .or(() -> doubt(ranOn, saved, found).map(why -> new Unproven(found, why)))
        .orElseGet(() -> new Same(found));
  }

  private static Optional<String> difference(Disk saved, Disk found) {
    if (saved.bytes() != found.bytes()) {
      return Optional.of(
          "its size is "
              + SizeText.words(found.bytes())
              + " instead of "
              + SizeText.words(saved.bytes()));
    }
    if (isSameFile(saved, found) && !saved.format().equals(found.format())) {
      return Optional.of("it is opened as " + found.format() + " instead of " + saved.format());
    }
    if (isSameFile(saved, found) && !saved.backing().equals(found.backing())) {
      return Optional.of("it has another image below");
    }
    if (isSameFile(saved, found) && !saved.snapshots().equals(found.snapshots())) {
      return Optional.of("it has other internal snapshots");
    }
    return Optional.empty();
  }

  private static Optional<Doubt> doubt(boolean ranOn, Disk saved, Disk found) {
    if (saved.temporary()) {
      return Optional.of(Doubt.TEMPORARY);
    }
    if (ranOn && !saved.readOnly() && saved.overlay().isEmpty()) {
      return Optional.of(Doubt.RAN_ON);
    }
    if (saved.hostFile().isEmpty() || found.hostFile().isEmpty()) {
      return Optional.of(Doubt.NOT_A_FILE);
    }
    HostFile before = saved.hostFile().get();
    HostFile now = found.hostFile().get();
    if (before.host().isEmpty() || !before.host().equals(now.host())) {
      return Optional.of(Doubt.OTHER_HOST);
    }
    if (!before.isSameFile(now)) {
      return Optional.of(Doubt.OTHER_FILE);
    }
    return before.equals(now) && saved.below().equals(found.below())
        ? Optional.empty()
        : Optional.of(Doubt.FILE_CHANGED);
  }
}
