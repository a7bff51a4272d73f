// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.stream;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.migration.LiveView;
import io.fixedram.qemu.migration.SafeTransferListener;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.nio.channels.Channel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/**
 * Writes the guest of any source of pages, such as a save or a stream that arrives, to a file or as
 * a stream. Used once, by one thread.
 */
public final class Conversion {
  private final PageSource source;
  private final TransferListener listener;
  private final Cancellation cancellation;
  private final LiveView view;

  /**
   * Prepares a conversion.
   *
   * @param source the guest; stays open
   */
  public Conversion(PageSource source, TransferListener listener, Cancellation cancellation) {
    this(source, "converting", listener, cancellation);
  }

  /** Prepares a conversion that is displayed by another name. */
  Conversion(
      PageSource source, String phase, TransferListener listener, Cancellation cancellation) {
    this.source = source;
    this.listener = new SafeTransferListener(listener);
    this.cancellation = cancellation;
    this.view = new LiveView(new TransferCounters(), phase);
  }

  /**
   * Writes a file, which gets its name when it is complete and on disk.
   *
   * @throws CancelledException if cancelled
   * @throws FixedRamException if the source can't be read or the file not be written
   */
  public WrittenSave toFile(Path target, SaveFormat format, WriteOptions options) {
    try (SaveWriter writer = SaveWriter.create(target, format, options)) {
      writer.expect(source.leastContentBytes());
      send(writer.sink());
      return publish(writer);
    }
  }

  /**
   * Writes a migration stream.
   *
   * @param out the target, which stays open unless the conversion is cancelled
   * @param name name of the target in messages
   * @return sum of the used lengths of all RAM blocks, in bytes
   * @throws CancelledException if cancelled
   * @throws FixedRamException if the source can't be read or the stream not be written
   */
  public long toStream(WritableByteChannel out, String name) {
    toStream(ByteTarget.of(out, name), out);
    return view.ramBytes();
  }

  /**
   * Writes a migration stream.
   *
   * @param channel closed by a cancellation, to wake the thread that writes to the target
   */
  void toStream(ByteTarget target, Channel channel) {
    try (Cancellation.Registration _ =
            cancellation.onCancel(() -> StreamSockets.closeQuietly(channel));
        StreamEncoder encoder = new StreamEncoder(target)) {
      send(encoder);
    }
  }

  /** Sends the guest to a sink, which stays open. */
  void send(SaveSink sink) {
    try {
      listener.started(view);
      source.sendTo(new CountingSink(sink, view.counters(), cancellation));
    } catch (FixedRamException e) {
      // After a cancellation, closed channels cause other failures.
      cancellation.throwIfCancelled();
      throw e;
    }
  }

  /** Gives the file its name, after the guest was sent to it. */
  WrittenSave publish(SaveWriter writer) {
    source.manifest().ifPresent(writer::manifest);
    view.phase("writing to disk");
    return writer.publish(cancellation);
  }

  /** The progress. */
  TransferView view() {
    return view;
  }
}
