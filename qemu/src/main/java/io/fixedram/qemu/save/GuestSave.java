// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.disk.OverlayNames;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Saves the guest of a running QEMU to a file. Created by {@link #of}, configured by methods that
 * return a changed copy, and executed by {@link #run}, any number of times:
 *
 * <pre>
 *   GuestSave.of(new Endpoint.Unix(socket), file).then(AfterSave.RESUME).run();
 * </pre>
 *
 * QEMU's migration settings are always restored. If the save fails, the guest continues in its
 * previous state and no file is published. Migrations of other clients are not touched. Immutable
 * and thread-safe.
 */
public final class GuestSave {
  /** Default of {@link #maxPasses}. */
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
   * A save of a guest while it runs, into a mapped-ram file, that leaves the guest paused. The save
   * mode is the best that is possible.
   *
   * @param qmp address of QEMU's QMP socket, which no other client may use meanwhile
   * @param file the save to write; an existing file stays until the new one is complete
   */
  public static GuestSave of(Endpoint qmp, Path file) {
    return new GuestSave(
        new SaveRequest(
            qmp,
            file,
            OptionalInt.empty(),
            SaveMode.AUTO,
            Optional.empty(),
            SaveFormat.MAPPED_RAM,
            false,
            false,
            AfterSave.PAUSE,
            WriteOptions.defaults(),
            DEFAULT_MAX_PASSES,
            OptionalLong.empty(),
            Optional.empty()),
        TransferListener.NONE,
        Optional.empty());
  }

  /** Sets the save mode; the save fails if this mode is not possible. */
  public GuestSave mode(SaveMode mode) {
    return with(draft -> draft.mode = mode);
  }

  /**
   * Sets the id of QEMU's process, for mode memory, if another process created QEMU's QMP socket,
   * such as a manager that passed the socket on. The process is verified all the same.
   *
   * @param id process id in the pid namespace of this process
   */
  public GuestSave process(int id) {
    return with(draft -> draft.process = OptionalInt.of(id));
  }

  /**
   * Sets the maximum downtime of a guest that is saved while it runs. In mode stream it is QEMU's
   * downtime limit, under which a busy guest may be stopped only after {@link #maxPasses}. In mode
   * memory the save fails before the stop if the predicted downtime is longer; mode auto then saves
   * in mode stream. Without a maximum, mode auto takes one second for a guest that is to run on
   * after the save, and none for others.
   *
   * @throws IllegalArgumentException if the limit is not positive
   */
  public GuestSave maxDowntime(Duration limit) {
    if (limit.isNegative() || limit.isZero()) {
      throw new IllegalArgumentException("a maximum downtime can't be " + limit);
    }
    return with(draft -> draft.maxDowntime = Optional.of(limit));
  }

  /** Sets the format of the file. */
  public GuestSave format(SaveFormat format) {
    return with(draft -> draft.format = format);
  }

  /**
   * Stops the guest before anything is read, instead of saving it while it runs. It is then stopped
   * until all of it is written.
   */
  public GuestSave stopFirst() {
    return with(draft -> draft.stopFirst = true);
  }

  /**
   * Requires that the save contains QEMU's description of the device state, by which its content
   * can be decoded without QEMU. QEMU writes it only in mode stream, which mode auto then chooses.
   */
  public GuestSave described() {
    return with(draft -> draft.described = true);
  }

  /** Sets the state of the guest after the save. */
  public GuestSave then(AfterSave then) {
    return with(draft -> draft.then = then);
  }

  /** Sets the options for writing the file. */
  public GuestSave options(WriteOptions options) {
    return with(draft -> draft.options = options);
  }

  /**
   * Sets the number of passes over the RAM of a running guest after which it is stopped, so that
   * the save ends even if the guest dirties its RAM faster than the disk writes.
   *
   * @param maxPasses maximum number of passes, 0 for no maximum
   */
  public GuestSave maxPasses(int maxPasses) {
    return with(draft -> draft.maxPasses = maxPasses);
  }

  /**
   * Sets the maximum memory for copies of changed pages in a live save in place. Pages that fit are
   * written after the guest is resumed, others while it is stopped. The default is a quarter of the
   * host's memory; at most half of the memory that is then available is used. A guest that is to
   * run on waits for the disk at most 10 s, or four times the predicted downtime if that is longer;
   * then the save fails with a {@link io.fixedram.qemu.obstacle.MemoryObstacle.SlowDisk}.
   *
   * @param bytes maximum size, 0 for none
   */
  public GuestSave asideBytes(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException(bytes + " bytes of memory");
    }
    return with(draft -> draft.asideBytes = OptionalLong.of(bytes));
  }

  /**
   * Takes an external snapshot of all disks that the guest can write to, while it is stopped for
   * the save: from then on it writes to new qcow2 overlays, and the images that belong to the save
   * stay as they are. If the save fails after that, the guest stays on the overlays, and warnings
   * say how to undo it.
   *
   * @param directory directory of the overlays; empty for that of each image
   * @param name name of the overlays, in which <code>{disk}</code> stands for the name of the image
   *     without its type, and <code>{n}</code>, which must be there, for the first free number
   * @throws IllegalArgumentException if the name is not one
   */
  public GuestSave diskSnapshot(Optional<Path> directory, String name) {
    return with(draft -> draft.snapshot = Optional.of(new OverlayNames(directory, name)));
  }

  /** Takes a snapshot of the disks, with overlays named as in {@code disk.1.qcow2}. */
  public GuestSave diskSnapshot(Optional<Path> directory) {
    return diskSnapshot(directory, OverlayNames.PATTERN);
  }

  /** Sets the listener. */
  public GuestSave listener(TransferListener listener) {
    return new GuestSave(request, listener, cancellation);
  }

  /** Sets the cancellation of the save. */
  public GuestSave cancellation(Cancellation cancellation) {
    return new GuestSave(request, listener, Optional.of(cancellation));
  }

  private GuestSave with(Consumer<SaveRequest.Draft> change) {
    return new GuestSave(request.with(change), listener, cancellation);
  }

  /**
   * Saves the guest. Returns when the file is complete and on disk, and the guest is in the
   * requested state.
   *
   * @throws CancelledException if cancelled; everything is restored
   * @throws FixedRamException if the guest was not saved, with the reason; or if it was saved, as
   *     the message then says, but could not be brought into the requested state
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
