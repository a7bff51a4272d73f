// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.disk.DiskSnapshot;
import io.fixedram.qemu.manifest.DiskFacts;
import io.fixedram.qemu.manifest.DiskFacts.Disk;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.GuestFacts;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Takes the manifest of a save, once the guest is in the save. */
final class SaveManifest {
  /** At most three bytes each in UTF-8, so that a file takes it. */
  private static final int MAX_CHARS = (2 << 20) / 3;

  private SaveManifest() {}

  /**
   * The manifest as JSON text; empty if QEMU does not answer as expected, which does not harm the
   * save.
   *
   * @throws CancelledException if cancelled
   */
  static Optional<String> take(
      SaveRequest request,
      Optional<DiskSnapshot> snapshot,
      QmpClient qmp,
      TransferListener listener) {
    try {
      Set<String> overlays =
          snapshot.stream()
              .flatMap(disks -> disks.overlays().stream())
              .map(DiskOverlay::overlay)
              .collect(Collectors.toUnmodifiableSet());
      GuestFacts guest = GuestFacts.ask(qmp, request.process(), overlays);
      boolean ranOn = request.then() == AfterSave.RESUME;
      if (ranOn) {
        warnOfDisks(guest.disks(), listener);
      }
      String json =
          new Manifest(Instant.now(), System.getProperty("os.version", ""), ranOn, guest).toJson();
      if (json.length() > MAX_CHARS) {
        listener.warning("the save has no manifest, which would be too large");
        return Optional.empty();
      }
      return Optional.of(json);
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      listener.warning("the save has no manifest: " + e.sentence());
      return Optional.empty();
    }
  }

  private static void warnOfDisks(DiskFacts disks, TransferListener listener) {
    String written =
        disks.list().stream()
            .filter(disk -> !disk.readOnly() && disk.overlay().isEmpty() && !disk.temporary())
            .map(Disk::file)
            .collect(Collectors.joining(", "));
    if (!written.isEmpty()) {
      listener.warning(
          Reason.of(
              "the guest runs on and writes to its disks ("
                  + written
                  + "), which then no longer fit the save: a guest that is restored over them later"
                  + " damages its file systems",
              Remedy.SNAPSHOT_DISKS));
    }
  }
}
