// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Saves the guest of a running QEMU into a file. Made by {@link #of}, changed by methods that give
 * a changed copy, and done by {@link #run}, as often as is wanted:
 *
 * <pre>
 *   GuestSave.of(new Endpoint.Unix(socket), file).then(AfterSave.RESUME).run();
 * </pre>
 *
 * Whatever happens, QEMU's migration settings end as they were; and unless the save succeeds the
 * guest does what it did before, and no file appears. A migration of somebody else's is left alone.
 * Immutable; any thread may use it.
 */
public final class GuestSave {
  /** Passes over a live guest's RAM, unless {@link #maxPasses} says otherwise. */
  public static final int DEFAULT_MAX_PASSES = 30;

  private final SaveRequest request;
  private final TransferListener listener;
  private final Optional<Cancellation> cancellation;

  private GuestSave(
      SaveRequest request, TransferListener listener, Optional<Cancellation> cancellation) {
    this.request = request;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  /**
   * A save of a guest while it runs, into a mapped-ram file, that leaves the guest paused.
   *
   * @param qmp where QEMU listens for QMP; nobody else may use this socket meanwhile
   * @param file the save to write; one that is there stays until the new one is complete
   */
  public static GuestSave of(Endpoint qmp, Path file) {
    return new GuestSave(
        new SaveRequest(
            qmp,
            file,
            SaveMode.STREAM,
            SaveFormat.MAPPED_RAM,
            false,
            AfterSave.PAUSE,
            WriteOptions.defaults(),
            DEFAULT_MAX_PASSES),
        TransferListener.NONE,
        Optional.empty());
  }

  /** Has the memory taken by another mode. */
  public GuestSave mode(SaveMode mode) {
    return with(draft -> draft.mode = mode);
  }

  /** Writes the file in another layout. */
  public GuestSave format(SaveFormat format) {
    return with(draft -> draft.format = format);
  }

  /** Stops the guest before anything is read, instead of saving it while it runs. */
  public GuestSave stopFirst() {
    return with(draft -> draft.stopFirst = true);
  }

  /** Says what becomes of the guest afterwards. */
  public GuestSave then(AfterSave then) {
    return with(draft -> draft.then = then);
  }

  /** Says how the file is written. */
  public GuestSave options(WriteOptions options) {
    return with(draft -> draft.options = options);
  }

  /**
   * Stops a live guest after so many passes over its RAM, so that the save ends even if the guest
   * dirties its RAM faster than the disk writes.
   *
   * @param maxPasses 0 for never
   */
  public GuestSave maxPasses(int maxPasses) {
    return with(draft -> draft.maxPasses = maxPasses);
  }

  /** Sets the listener. */
  public GuestSave listener(TransferListener told) {
    return new GuestSave(request, told, cancellation);
  }

  /** Sets the cancellation that ends it. */
  public GuestSave cancellation(Cancellation end) {
    return new GuestSave(request, listener, Optional.of(end));
  }

  private GuestSave with(Consumer<SaveRequest.Draft> change) {
    return new GuestSave(request.with(change), listener, cancellation);
  }

  /**
   * Saves the guest. Returns when the file is complete and on disk, and the guest is as asked for.
   *
   * @throws CancelledException if the end was asked for; all is put back
   * @throws FixedRamException if the guest was not saved, for a reason that the message says; or,
   *     saying so, if it was but could not be left as asked for
   */
  public SaveReport run() {
    return SaveRun.run(request, listener, cancellation.orElseGet(Cancellation::new));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GuestSave save
        && request.equals(save.request)
        && listener.equals(save.listener)
        && cancellation.equals(save.cancellation);
  }

  @Override
  public int hashCode() {
    return Objects.hash(request, listener, cancellation);
  }

  @Override
  public String toString() {
    return "GuestSave[" + request + "]";
  }
}
