// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.BootedGuest;
import io.fixedram.bench.guest.RunningQemu;
import io.fixedram.bench.guest.RunningQemu.MigrationSetup;
import java.nio.file.Path;
import java.util.List;

/**
 * A stopped guest and its saves for other suites: by fixedram and by its QEMU.
 *
 * @param guest the guest, which may have ended since
 * @param save the save by fixedram
 * @param pageBytes pages in it that are not zero
 */
record SavedGuest(BootedGuest guest, Path save, long pageBytes) {

  /** Saves a guest by fixedram. */
  static SavedGuest of(Venue venue, BootedGuest guest) {
    String name = guest.qemu().name();
    venue.listener().step("saving the guest of " + name);
    Path save = venue.file(guest.qemu().fileName() + ".fram");
    long pageBytes =
        (long)
            venue
                .fixedram()
                .run(
                    "save",
                    "--via",
                    "stream",
                    "--stop",
                    "--qmp",
                    guest.spareQmp().toString(),
                    save.toString())
                .number("page_bytes");
    guest.rest();
    return new SavedGuest(guest, save, pageBytes);
  }

  /** Saves the guest by its QEMU, in all formats that it supports. */
  void saveByQemu(Venue venue) {
    venue.listener().step("saving the guest of " + guest.qemu().name() + " by QEMU itself");
    migrate("exec:cat > " + stream());
    if (guest.qemu().hasMappedRam()) {
      migrate("file:" + mappedRam(), "mapped-ram");
    }
  }

  private void migrate(String uri, String... capabilities) {
    RunningQemu qemu = guest.running();
    qemu.set(MigrationSetup.of(false, capabilities));
    var _ = qemu.migrate(uri);
    qemu.set(MigrationSetup.of(false));
    guest.rest();
  }

  /** Stream written by QEMU. */
  Path stream() {
    return save.resolveSibling(guest.qemu().fileName() + ".stream");
  }

  /** Mapped-ram file written by QEMU. */
  Path mappedRam() {
    return save.resolveSibling(guest.qemu().fileName() + ".mapped-ram");
  }

  /** The largest number of page bytes of several guests. */
  static long mostPageBytes(List<SavedGuest> guests) {
    return guests.stream().mapToLong(SavedGuest::pageBytes).max().orElse(0);
  }
}
