// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.manifest.Differences;
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

/**
 * Compares the manifest of a save with the QEMU that is to load it.
 *
 * @param save name of the save
 * @param differences differences of the guests, without disks
 * @param disks states of the saved guest's disks
 */
public record ManifestChecks(
    String save, List<GuestDifference> differences, List<DiskState> disks) {
  /** Copies the lists. */
  public ManifestChecks {
    differences = List.copyOf(differences);
    disks = List.copyOf(disks);
  }

  /**
   * Compares a save's manifest with a QEMU.
   *
   * @param process id of QEMU's process; empty for the one that listens on the socket
   * @return the result; empty if the save has no manifest that this program can read
   * @throws FixedRamException if the manifest is damaged, or QEMU does not answer
   */
  public static Optional<ManifestChecks> find(
      PageStore save, QmpClient qmp, OptionalInt process, TransferListener listener) {
    return save.manifest()
        .flatMap(text -> parsed(save, text, listener))
        .map(manifest -> {
          GuestFacts found = GuestFacts.ask(qmp, OptionalInt.empty());
          return new ManifestChecks(
              save.name(),
              Differences.between(manifest.guest(), found),
              DiskState.of(manifest, found.disks()));
        });
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
  }

  private static void tell(DiskState.Unproven disk, TransferListener listener) {
    String sentence =
        "the disk "
            + disk.disk().file()
            + " may have another content than the saved guest knows: "
            + disk.why().clause()
            + "; with another content, the guest damages its file systems";
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
                save, changed.disk().drive(), changed.disk().file(), changed.what()))
        : Optional.empty();
  }
}
