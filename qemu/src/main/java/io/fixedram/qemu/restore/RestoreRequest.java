// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.error.UntrustedSaveException;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveSeal;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Parameters of a restore.
 *
 * @param save opens the save; its caller closes the store
 * @param target the QEMU to restore into
 * @param mode the restore mode
 * @param paused whether the guest stays paused after loading
 * @param inPlaceWithin maximum time to write all pages in place for which mode auto prefers mode
 *     memory
 * @param verify whether all of the save is verified before it is restored
 * @param process id of QEMU's process; empty for the one that listens on the socket
 * @param changedDisks whether a guest is restored although one of its disks has changed
 * @param key key that the save must be signed with; empty if it need not be signed
 * @param newOverlays directory for new overlays over the disks
 * @param overlays those that were made there
 */
record RestoreRequest(
    Supplier<? extends PageStore> save,
    RestoreTarget target,
    RestoreMode mode,
    boolean paused,
    Duration inPlaceWithin,
    boolean verify,
    OptionalInt process,
    boolean changedDisks,
    Optional<SigningKey> key,
    Optional<Path> newOverlays,
    List<DiskOverlay> overlays) {
  /** Copies the list. */
  RestoreRequest {
    overlays = List.copyOf(overlays);
  }

  /**
   * Opens the save.
   *
   * @throws UntrustedSaveException if it is not signed with the key
   */
  PageStore open() {
    if (save instanceof SaveInFile named) {
      return Saves.open(named.file(), key);
    }
    PageStore store = save.get();
    boolean checked =
        store.seal().filter(seal -> seal.signature() == SaveSeal.Signature.CHECKED).isPresent();
    if (key.isPresent() && !checked) {
      store.close();
      throw new UntrustedSaveException(
          store.name() + " was opened without the key that it must be signed with");
    }
    return store;
  }

  /** Whether all of the save is verified before it is restored. */
  boolean verifiesFirst() {
    return verify
        || (key.isPresent() && (mode == RestoreMode.INSTANT || mode == RestoreMode.NATIVE));
  }

  /** A copy with changes. */
  RestoreRequest with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return new RestoreRequest(
        save,
        draft.target,
        draft.mode,
        draft.paused,
        draft.inPlaceWithin,
        draft.verify,
        draft.process,
        draft.changedDisks,
        draft.key,
        draft.newOverlays,
        draft.overlays);
  }

  /** A mutable copy of the parameters that can be changed. */
  static final class Draft {
    RestoreTarget target;
    RestoreMode mode;
    boolean paused;
    Duration inPlaceWithin;
    boolean verify;
    OptionalInt process;
    boolean changedDisks;
    Optional<SigningKey> key;
    Optional<Path> newOverlays;
    List<DiskOverlay> overlays;

    private Draft(RestoreRequest from) {
      target = from.target;
      mode = from.mode;
      paused = from.paused;
      inPlaceWithin = from.inPlaceWithin;
      verify = from.verify;
      process = from.process;
      changedDisks = from.changedDisks;
      key = from.key;
      newOverlays = from.newOverlays;
      overlays = from.overlays;
    }
  }
}
