// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.guest.BootedGuest;
import io.fixedram.bench.guest.RunningQemu;
import io.fixedram.bench.guest.RunningQemu.MigrationOptions;
import java.nio.file.Path;
import java.util.List;

/**
 * A guest, and the saves of it, stopped, that others work with: fixedram's, and those of its own
 * QEMU.
 *
 * @param guest the guest, which may have ended since
 * @param save fixedram's save
 * @param pageBytes pages in it that are not zero
 */
record SavedGuest(BootedGuest guest, Path save, long pageBytes) {

  /** Saves it by fixedram. */
  static SavedGuest of(Venue venue, BootedGuest guest) {
    String name = guest.qemu().name();
    venue.listener().step("saving the guest of " + name);
    Path save = venue.file(guest.qemu().fileName() + ".fram");
    long pageBytes =
        (long)
            venue
                .fixedram()
                .run("save", "--stop", "--qmp", guest.spareQmp().toString(), save.toString())
                .number("page_bytes");
    guest.rest();
    return new SavedGuest(guest, save, pageBytes);
  }

  /** Has QEMU save it in its own ways too. */
  void saveByQemu(Venue venue) {
    venue.listener().step("saving the guest of " + guest.qemu().name() + " by QEMU itself");
    migrate("exec:cat > " + stream());
    if (guest.qemu().hasMappedRam()) {
      migrate("file:" + mappedRam(), "mapped-ram");
    }
  }

  private void migrate(String uri, String... capabilities) {
    RunningQemu qemu = guest.running();
    qemu.set(MigrationOptions.of(false, capabilities));
    var _ = qemu.migrate(uri);
    qemu.set(MigrationOptions.of(false));
    guest.rest();
  }

  /** QEMU's own stream. */
  Path stream() {
    return save.resolveSibling(guest.qemu().fileName() + ".stream");
  }

  /** QEMU's own mapped-ram file. */
  Path mappedRam() {
    return save.resolveSibling(guest.qemu().fileName() + ".mapped-ram");
  }

  /** The pages of the fullest of them. */
  static long mostPageBytes(List<SavedGuest> guests) {
    return guests.stream().mapToLong(SavedGuest::pageBytes).max().orElse(0);
  }
}
