// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.verify.Verification;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What the readers make of a file.
 *
 * @param guest what is in it; empty if it was refused
 * @param sealed whether it has a footer
 * @param whole whether a verification found everything as it was written
 */
public record ReadBack(Optional<Guest> guest, boolean sealed, boolean whole) {

  /** Reads a file in all ways. */
  public static ReadBack of(Path path) {
    boolean whole = isWhole(path);
    try (PageStore save = Saves.open(path)) {
      GuestSink sink = new GuestSink();
      save.sendTo(sink);
      return new ReadBack(Optional.of(sink.guest()), save.seal().isPresent(), whole);
    } catch (DamagedSaveException | UnsupportedSaveException e) {
      return new ReadBack(Optional.empty(), false, whole);
    }
  }

  private static boolean isWhole(Path path) {
    try {
      return Verification.run(path, 1, new Cancellation()).isWhole();
    } catch (FixedRamException e) {
      return false;
    }
  }

  /** Whether it is a guest. */
  public boolean is(Guest wanted) {
    return guest.isPresent() && Guest.isSame(guest.get(), wanted);
  }
}
