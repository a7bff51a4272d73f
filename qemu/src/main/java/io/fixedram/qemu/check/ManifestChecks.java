// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.manifest.Differences;
import io.fixedram.qemu.manifest.DiskFacts;
import io.fixedram.qemu.manifest.DiskFacts.Disk;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.DiskState;
import io.fixedram.qemu.manifest.GuestFacts;
import io.fixedram.qemu.manifest.Manifest;
import io.fixedram.qemu.obstacle.GuestDifference;
import io.fixedram.qemu.obstacle.GuestDifference.Effect;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.store.PageStore;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Compares the manifest of a save with the QEMU that is to load it.
 *
 * @param save name of the save
 * @param differences differences of the guests, without disks
 * @param disks states of the saved guest's disks
 * @param written images that belong to the save, to which the guest would write although an overlay
 *     was put over them
 */
public record ManifestChecks(
    String save,
    List<GuestDifference> differences,
    List<DiskState> disks,
    List<DiskOverlay> written) {
  /** Copies the lists. */
  public ManifestChecks {
    written = List.copyOf(written);
    differences = List.copyOf(differences);
    disks = List.copyOf(disks);
  }

  /**
   * Compares a save's manifest with a QEMU.
   *
   * @param process id of QEMU's process; empty for the one that listens on the socket
   * @param overlays files of new overlays over images of the save
   * @return the result; empty if the save has no manifest that this program can read
   * @throws FixedRamException if the manifest is damaged, or QEMU does not answer
   */
  public static Optional<ManifestChecks> find(
      PageStore save,
      QmpClient qmp,
      OptionalInt process,
      Set<String> overlays,
      TransferListener listener) {
    return save.manifest()
        .flatMap(text -> parsed(save, text, listener))
        .map(manifest -> {
          GuestFacts found = GuestFacts.ask(qmp, process, overlays);
          return new ManifestChecks(
              save.name(),
              Differences.between(manifest.guest(), found),
              DiskState.of(manifest, found.disks()),
              written(manifest.guest().disks(), found.disks()));
        });
  }

  private static List<DiskOverlay> written(DiskFacts saved, DiskFacts found) {
    Set<String> files =
        found.list().stream()
            .filter(disk -> !disk.readOnly() && disk.overlay().isEmpty())
            .map(Disk::file)
            .collect(Collectors.toUnmodifiableSet());
    return saved.list().stream()
        .filter(disk -> files.contains(disk.file()))
        .flatMap(disk ->
            disk.overlay().stream()
                .map(overlay -> new DiskOverlay(disk.drive(), disk.file(), overlay)))
        .toList();
  }

  private static Optional<Manifest> parsed(PageStore save, String text, TransferListener listener) {
    try {
      return Optional.of(Manifest.ofJson(text));
    } catch (FixedRamException e) {
      listener.warning("the manifest of " + save.name() + " is not compared: " + e.sentence());
      return Optional.empty();
    }
  }

  /**
   * Refuses what QEMU can't load, and a disk that has certainly changed. Everything else is a
   * warning.
   *
   * @param changedDisks whether changed disks are accepted
   * @throws ObstacleException with the reason
   */
  public void require(boolean changedDisks, TransferListener listener) {
    if (differences.stream().anyMatch(each -> each.effect() == Effect.NOT_LOADABLE)) {
      throw new ObstacleException(new LoadObstacle.OtherGuest(save, differences));
    }
    differences.forEach(each -> listener.warning(each.sentence()));
    for (DiskState disk : disks) {
      Optional<LoadObstacle.DiskChanged> changed = changed(disk);
      if (changed.isPresent() && !changedDisks) {
        throw new ObstacleException(changed.get());
      }
      changed.ifPresent(obstacle -> listener.warning(obstacle.sentence()));
      if (disk instanceof DiskState.Unproven unproven) {
        tell(unproven, listener);
      }
    }
    written.forEach(image -> tell(image, listener));
  }

  private static void tell(DiskOverlay image, TransferListener listener) {
    listener.warning(
        Reason.of(
            "the guest writes to "
                + image.image()
                + ", over which the save has put the overlay "
                + image.overlay()
                + ": after that, the overlay is useless, and the save fits no disk",
            Remedy.USE_NEW_OVERLAYS));
  }

  private static void tell(DiskState.Unproven disk, TransferListener listener) {
    String sentence =
        "the disk "
            + disk.disk().file()
            + " may have another content than the saved guest knows: "
            + disk.why().clause()
            + (disk.disk().readOnly()
                ? "; with another content, the guest reads what does not fit what it remembers"
                : "; with another content, the guest damages its file systems");
    if (disk.why() == DiskState.Doubt.TEMPORARY) {
      listener.note(sentence);
    } else {
      listener.warning(sentence);
    }
  }

  /** The obstacle for a disk that has certainly changed. */
  public Optional<LoadObstacle.DiskChanged> changed(DiskState state) {
    return state instanceof DiskState.Changed changed
        ? Optional.of(
            new LoadObstacle.DiskChanged(
                save,
                changed.disk().drive(),
                changed.disk().file(),
                changed.disk().readOnly(),
                changed.what()))
        : Optional.empty();
  }
}
