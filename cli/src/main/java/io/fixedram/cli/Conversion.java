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

/** Sends a source's pages into a file or a stream. */
final class Conversion implements TransferView {
  private final PageSource source;
  private final Cancellation cancellation;
  private final TransferCounters counters = new TransferCounters();

  /** Prepares for one conversion, whose progress a listener is told. */
  Conversion(PageSource source, TransferListener listener, Cancellation cancellation) {
    this.source = source;
    this.cancellation = cancellation;
    listener.started(this);
  }

  /** Writes a file, which appears when it is complete. */
  WrittenSave toFile(Path target, SaveFormat format, WriteOptions options) {
    try (SaveWriter writer = SaveWriter.create(target, format, options)) {
      send(writer.sink());
      return writer.publish(cancellation);
    }
  }

  /** Writes a stream; the bytes of RAM that it holds. */
  long toStream(WritableByteChannel out) {
    try (Cancellation.Registration _ = cancellation.onCancel(() -> close(out));
        StreamEncoder encoder = new StreamEncoder(ByteTarget.of(out, "standard output"))) {
      send(encoder);
      return counters.totalRamBytes();
    }
  }

  /** Wakes who is blocked on a pipe that is full. */
  private static void close(WritableByteChannel out) {
    try {
      out.close();
    } catch (IOException e) {
      // The stream is not complete anyway.
    }
  }

  private void send(SaveSink sink) {
    try {
      source.sendTo(new CountingSink(sink, counters, cancellation));
    } catch (FixedRamException e) {
      // A pipe that was closed to end the wait for it fails in ways of its own.
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
