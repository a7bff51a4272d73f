// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.bench.host.AptPackages;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/** Which guest a user wants. */
public enum GuestKind {
  /** Linux, or the own guest where its parts can't be had. */
  AUTO,
  /** Linux, or nothing. */
  LINUX,
  /** The test guest of this project. */
  OWN;

  /** The name that users type. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Finds what makes such guests. Parts of Linux are looked for on this machine, then among those
   * fetched earlier, then fetched.
   *
   * @param steps is told what takes long
   * @param warnings is told what is not to be had
   */
  public GuestMaker find(
      Consumer<String> steps, Consumer<String> warnings, Cancellation cancellation) {
    if (this == OWN) {
      return OwnGuest::new;
    }
    Optional<LinuxParts> parts =
        LinuxParts.ofMachine()
            .or(LinuxParts::cached)
            .or(() -> fetch(steps, warnings, cancellation));
    return parts
        .<GuestMaker>map(found -> (file, size) -> new LinuxGuest(found, file, size))
        .orElse(OwnGuest::new);
  }

  private Optional<LinuxParts> fetch(
      Consumer<String> steps, Consumer<String> warnings, Cancellation cancellation) {
    try {
      if (!AptPackages.available()) {
        throw new FixedRamException("this machine has no readable kernel, or no static busybox");
      }
      steps.accept("fetching a kernel and busybox for the guest, once");
      return Optional.of(LinuxParts.fetch(cancellation));
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      if (this == LINUX) {
        throw new FixedRamException(
            "there is no Linux guest to be had (" + e.getMessage() + "): give --guest own", e);
      }
      warnings.accept("no Linux guest (" + e.getMessage() + "); fixedram's own guest runs instead");
      return Optional.empty();
    }
  }
}
