// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.load.Destination;
import io.fixedram.qemu.load.InstantStart;
import io.fixedram.qemu.load.QemuLeftException;
import io.fixedram.qemu.load.QemuProcess;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;

/**
 * Brings a saved guest back in a QEMU that waits for an incoming migration. QEMU's migration
 * settings end as they were, and the guest runs or not as asked for, whether or not it ran when it
 * was saved.
 */
public final class GuestRestore {
  private GuestRestore() {}

  /**
   * Restores a guest. Returns when it is loaded, and runs if it is to.
   *
   * @throws FixedRamException if the save cannot be read, does not fit the QEMU, or is not taken by
   *     it; a QEMU that was started for it has then been ended
   */
  public static RestoredGuest run(
      RestoreRequest request, RestoreListener told, Cancellation cancellation) {
    long startNanos = System.nanoTime();
    RestoreListener listener = new SteadyListener(told);
    try (PageStore save = Saves.open(request.file())) {
      if (save.isRandomAccess()) {
        // Fails for an incomplete file before a QEMU is started for it.
        save.deviceState();
      }
      RestoreStart start = RestoreStart.of(request, save, listener, cancellation);
      try {
        return run(request, listener, cancellation, save, start, startNanos);
      } catch (NotInstantException e) {
        start.close();
        cancellation.throwIfCancelled();
        listener.warning(e.sentence() + "; starting the command as it is");
        return run(request, listener, cancellation, save, start.without(e.reason()), startNanos);
      } catch (RuntimeException | Error e) {
        start.close();
        throw e;
      }
    }
  }

  /** Tries once; throws a {@link NotInstantException} if another restore mode may do. */
  private static RestoredGuest run(
      RestoreRequest request,
      RestoreListener listener,
      Cancellation cancellation,
      PageStore save,
      RestoreStart start,
      long startNanos) {
    try (Destination destination = open(request, listener, cancellation, start)) {
      try {
        confirm(request, start, destination, cancellation);
        RestoreReport report =
            new RestoreRun(request, listener, cancellation, save, start, destination, startNanos)
                .restore();
        return new RestoredGuest(
            report, destination.process(), start.instant().map(InstantStart::hold), listener);
      } catch (RuntimeException | Error e) {
        destination.abandon(e);
        throw e;
      }
    }
  }

  private static Destination open(
      RestoreRequest request,
      RestoreListener listener,
      Cancellation cancellation,
      RestoreStart start) {
    try {
      return switch (start.target()) {
        case RestoreTarget.Running running -> Destination.waiting(running.qmp(), cancellation);
        case RestoreTarget.Command command ->
            Destination.start(
                new QemuProcess.Command(command.command(), start.served(), command.starter()),
                listener,
                cancellation);
      };
    } catch (CancelledException | QemuLeftException e) {
      throw e;
    } catch (FixedRamException e) {
      cancellation.throwIfCancelled();
      throw start.instant().isPresent() ? withoutMapping(request, e) : e;
    }
  }

  private static void confirm(
      RestoreRequest request,
      RestoreStart start,
      Destination destination,
      Cancellation cancellation) {
    try {
      start.instant().ifPresent(instant -> instant.confirm(destination.qmp()));
    } catch (CancelledException e) {
      throw e;
    } catch (QemuGoneException e) {
      cancellation.throwIfCancelled();
      throw withoutMapping(request, destination.gone("as soon as it had started"));
    } catch (FixedRamException e) {
      throw withoutMapping(request, e);
    }
  }

  /** What a QEMU that does not come up with mappings means: its command as it is may do. */
  private static FixedRamException withoutMapping(RestoreRequest request, FixedRamException e) {
    String sentence =
        "QEMU did not come up with mappings of " + request.file() + " as RAM: " + e.sentence();
    return request.mode() == RestoreMode.AUTO
        ? new NotInstantException(sentence)
        : new FixedRamException(sentence, e, Remedy.RESTORE_BY_STREAM);
  }
}
