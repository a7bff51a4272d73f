// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.SaveSink;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.transfer.TransferListener;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** Sends the pages of a source to a file or a stream. */
final class Conversion implements TransferView {
  private final PageSource source;
  private final Cancellation cancellation;
  private final TransferCounters counters = new TransferCounters();

  /** Prepares one conversion, with a listener for its progress. */
  Conversion(PageSource source, TransferListener listener, Cancellation cancellation) {
    this.source = source;
    this.cancellation = cancellation;
    listener.started(this);
  }

  /** Writes a file, which gets its name when it is complete. */
  WrittenSave toFile(Path target, SaveFormat format, WriteOptions options) {
    try (SaveWriter writer = SaveWriter.create(target, format, options)) {
      send(writer.sink());
      return writer.publish(cancellation);
    }
  }

  /** Writes a stream; returns the bytes of RAM in it. */
  long toStream(WritableByteChannel out) {
    try (Cancellation.Registration _ = cancellation.onCancel(() -> close(out));
        StreamEncoder encoder = new StreamEncoder(ByteTarget.of(out, "standard output"))) {
      send(encoder);
      return counters.totalRamBytes();
    }
  }

  /** Closes the output, to wake a thread that is blocked on a full pipe. */
  private static void close(WritableByteChannel out) {
    try {
      out.close();
    } catch (IOException e) {
      // The stream is incomplete anyway.
    }
  }

  private void send(SaveSink sink) {
    try {
      source.sendTo(new CountingSink(sink, counters, cancellation));
    } catch (FixedRamException e) {
      // After a cancellation the closed pipe causes other failures.
      cancellation.throwIfCancelled();
      throw e;
    }
  }

  @Override
  public long ramBytes() {
    return counters.totalRamBytes();
  }

  @Override
  public long doneBytes() {
    return Math.min(transferredBytes(), ramBytes());
  }

  @Override
  public long dataBytes() {
    return counters.dataBytes();
  }

  @Override
  public long transferredBytes() {
    return counters.dataBytes() + counters.zeroBytes();
  }

  @Override
  public String phase() {
    return counters.ended() ? "writing to disk" : "converting";
  }
}
