// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.StorageException;
import io.fixedram.fixed.FixedLayout;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import io.fixedram.os.SystemCalls;
import io.fixedram.publish.PendingFile;
import io.fixedram.seal.SealWriter;
import io.fixedram.stream.StreamEncoder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Writer of one save of any format. The complete file gets its name when {@link #publish()} is
 * called; until then an earlier file of that name is not touched, and {@link #close()} removes the
 * unfinished file. Not thread-safe.
 */
public final class SaveWriter implements AutoCloseable {
  private final Path target;
  private final WriteOptions options;
  private final PendingFile file;
  private final TransferCounters counters = new TransferCounters();
  private final SaveSink sink;
  private final LateHead head;
  private final LongSupplier pageBytes;
  private final LongSupplier writtenBytes;
  private final LongSupplier transferredBytes;
  private final Supplier<Optional<String>> whyCached;
  private final Function<Optional<String>, Optional<UUID>> seal;
  private final LongConsumer expect;
  private Optional<String> manifest = Optional.empty();
  private Optional<UUID> id = Optional.empty();
  private boolean sealed;
  private boolean synced;

  private SaveWriter(
      Path target,
      SaveFormat format,
      DestinationMemory destination,
      WriteOptions options,
      PendingFile file) {
    this.target = target;
    this.options = options;
    this.file = file;
    Descriptor descriptor = file.descriptor();
    head = new LateHead(descriptor);
    Optional<FixedLayout> layout = FixedLayout.of(format, options.alignmentBytes());
    SaveSink writer;
    if (layout.isPresent()) {
      FixedSaveWriter fixed =
          new FixedSaveWriter(descriptor, head, layout.get(), destination, options);
      writer = fixed;
      pageBytes = fixed::pageBytes;
      writtenBytes = fixed::writtenBytes;
      transferredBytes = counters::dataBytes;
      whyCached = fixed::whyCached;
      seal = fixed::seal;
      expect = fixed::expect;
    } else {
      if (options.key().isPresent()) {
        throw FixedSaveWriter.notSigned(descriptor, "a stream has no place for a signature");
      }
      StreamEncoder stream = new StreamEncoder(head::write);
      writer = stream;
      pageBytes = stream::pageBytes;
      writtenBytes = stream::streamBytes;
      transferredBytes = stream::streamBytes;
      whyCached = () -> Optional.of("a stream has no alignment");
      seal = _ -> Optional.empty();
      expect = _ -> {};
    }
    this.sink = new CountingSink(writer, counters, new Cancellation());
  }

  /**
   * Prepares to write a file.
   *
   * @throws StorageException if {@code target} can't be written: a directory, no permission, or
   *     another process that is writing it
   */
  public static SaveWriter create(Path target, SaveFormat format, WriteOptions options) {
    return create(target, format, DestinationMemory.QEMU, options);
  }

  /** Prepares to write a file for a destination that need not be a QEMU. */
  public static SaveWriter create(
      Path target, SaveFormat format, DestinationMemory destination, WriteOptions options) {
    return create(SystemCalls.linux(), target, format, destination, options);
  }

  /** Prepares to write a file through the given system calls, for tests of faults. */
  static SaveWriter create(
      SystemCalls calls,
      Path target,
      SaveFormat format,
      DestinationMemory destination,
      WriteOptions options) {
    PendingFile file = PendingFile.create(calls, target);
    try {
      return new SaveWriter(target, format, destination, options, file);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** The sink that receives the save; closed with this writer. */
  public SaveSink sink() {
    return sink;
  }

  /**
   * Bytes received for the file so far: of the stream, or of page content at fixed offsets.
   * Repeated pages count again. Only for the thread that feeds the sink.
   */
  public long transferredBytes() {
    return transferredBytes.getAsLong();
  }

  /**
   * Announces how much of the guest's memory is certainly not zero, before the save begins. If its
   * file system has less room than that, the beginning of the save ({@link SaveSink#begin}) fails
   * with a {@link StorageException}, instead of a later page.
   *
   * @param contentBytes bytes of pages
   */
  public void expect(long contentBytes) {
    expect.accept(contentBytes);
  }

  /**
   * Gives the save a manifest: JSON text about the guest and its host, which is kept beside the
   * save as it is. Possible until the save is synced or published; a save that is not sealed
   * ({@link WriteOptions#sealed}) and a stream drop it.
   *
   * @param text JSON text of at most 2 MiB in UTF-8
   * @throws IllegalArgumentException if the text is longer, or has control characters
   * @throws IllegalStateException if the save was synced before
   */
  public void manifest(String text) {
    if (sealed) {
      throw new IllegalStateException("the save is complete");
    }
    manifest = Optional.of(SealWriter.checkedManifest(text));
  }

  /** Writes the footer, once all content is there. */
  private void seal() {
    if (!counters.ended()) {
      throw new IllegalStateException("the save has not ended");
    }
    if (!sealed) {
      id = seal.apply(manifest);
      sealed = true;
    }
  }

  /**
   * Completes the save except for its first bytes, and syncs it to the device if the options say
   * so. This is the longest part of {@link #publish}, which does it if it was not done before.
   *
   * @throws StorageException if syncing fails
   * @throws IllegalStateException if the sink has not taken a whole save
   */
  public void sync() {
    seal();
    if (options.sync() && !synced) {
      file.sync();
      synced = true;
    }
  }

  /**
   * Gives the file its name, as {@link #publish()} does; can be cancelled while the content is
   * synced.
   *
   * @throws CancelledException if cancelled; the file is not published
   */
  public WrittenSave publish(Cancellation cancellation) {
    cancellation.throwIfCancelled();
    seal();
    if (options.sync() && !synced) {
      file.writeBack(cancellation);
    }
    sync();
    cancellation.throwIfCancelled();
    return publish();
  }

  /**
   * Writes the first bytes, without which the file is no save, syncs them, and gives the file its
   * name.
   *
   * @throws StorageException if syncing the content or the name fails; in the latter case the file
   *     may have its name already
   * @throws IllegalStateException if the sink has not taken a whole save
   */
  public WrittenSave publish() {
    sync();
    head.release();
    if (options.sync()) {
      file.sync();
    }
    Descriptor.Status status = file.descriptor().status();
    file.publish(options.sync());
    return new WrittenSave(
        target,
        counters.totalRamBytes(),
        pageBytes.getAsLong(),
        writtenBytes.getAsLong(),
        status.sizeBytes(),
        status.allocatedBytes(),
        whyCached.get(),
        id);
  }

  /** Removes the file if it was not published. */
  @Override
  public void close() {
    try {
      sink.close();
    } finally {
      file.close();
    }
  }
}
