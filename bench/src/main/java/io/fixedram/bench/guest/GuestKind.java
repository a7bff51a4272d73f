// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.bench.host.AptPackages;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/** Kind of guest to benchmark. */
public enum GuestKind {
  /** Linux, or the own guest if Linux is not available. */
  AUTO,
  /** Linux only. */
  LINUX,
  /** The test guest of this project. */
  OWN;

  /** Name of the kind in options. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Finds a maker of such guests. A kernel and busybox are searched on this host, then among those
   * fetched earlier, and then fetched.
   *
   * @param steps notified of long steps
   * @param warnings notified of missing parts
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
            "no Linux guest is available (" + e.getMessage() + "): give --guest own", e);
      }
      warnings.accept("no Linux guest (" + e.getMessage() + "); fixedram's own guest runs instead");
      return Optional.empty();
    }
  }
}
