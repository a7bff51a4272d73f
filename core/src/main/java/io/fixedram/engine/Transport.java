// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.write.DestinationMemory;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Target of a migration. Opens nothing before the migration starts. */
public abstract sealed class Transport permits FileTransport, ChannelTransport {
  Transport() {}

  /** A file, which gets its name only when the migration is complete. */
  public static Transport file(Path path, WriteOptions options) {
    return new FileTransport(
        path, format -> SaveWriter.create(path, format, DestinationMemory.EMPTY, options));
  }

  /**
   * A connection or pipe, which is treated as not seekable. It is closed when the migration ends,
   * whatever the outcome; if the migration can't be started, the caller must close it. If the
   * migration is not completed, the stream is truncated.
   *
   * @param channel a channel whose writes block and end when another thread closes it
   * @param name name of the channel, for errors
   */
  public static Transport channel(WritableByteChannel channel, String name) {
    return new ChannelTransport(channel, name);
  }

  /** Whether bytes can be written at any offset. */
  public abstract boolean isSeekable();

  /**
   * Opens the transport.
   *
   * @throws FixedRamException if opening fails
   */
  abstract Open open(SaveFormat format);

  /** An open transport. Not thread-safe, except {@link #interrupt}. */
  interface Open extends AutoCloseable {
    /** The sink for the pages. */
    SaveSink sink();

    /** Bytes transferred so far. */
    long transferredBytes();

    /** Syncs the written content, after {@link SaveSink#end}; may take long. */
    void sync();

    /** Completes the transfer, after {@link #sync}. Returns the file, if the target is one. */
    Optional<WrittenSave> publish();

    /**
     * Wakes a thread that waits for the other side. May be called by any thread; does not throw.
     */
    void interrupt();

    /** Closes the transport; removes a file that was not published. */
    @Override
    void close();
  }
}
