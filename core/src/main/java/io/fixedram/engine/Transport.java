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

/** Where a migration goes. Holds nothing open until the migration starts. */
public abstract sealed class Transport permits FileTransport, ChannelTransport {
  Transport() {}

  /** A file, which appears under its name when the migration is completed, and never else. */
  public static Transport file(Path path, WriteOptions options) {
    return new FileTransport(
        path, format -> SaveWriter.create(path, format, DestinationMemory.EMPTY, options));
  }

  /**
   * A connection or pipe, which counts as one that can't seek, whatever it is. It is closed when
   * the migration ends, however that is, and stays the caller's if the migration could not be
   * started; one that did not complete ends before its stream does.
   *
   * @param channel blocks in its writes, and can be closed by another thread, which ends them
   * @param name where it leads, for errors
   */
  public static Transport channel(WritableByteChannel channel, String name) {
    return new ChannelTransport(channel, name);
  }

  /** Whether bytes can go to any offset. */
  public abstract boolean isSeekable();

  /**
   * Opens it.
   *
   * @throws FixedRamException if that is not possible
   */
  abstract Open open(SaveFormat format);

  /** A transport in use. One thread at a time, but for {@link #interrupt}. */
  interface Open extends AutoCloseable {
    /** Takes the pages. */
    SaveSink sink();

    /** Bytes that went in so far. */
    long transferredBytes();

    /** Returns when all that went in is safe, after {@link SaveSink#end}; may take long. */
    void sync();

    /** Makes it final, after {@link #sync}; the file if it is one. */
    Optional<WrittenSave> publish();

    /** Wakes a thread that waits for the other side. Any thread; throws nothing. */
    void interrupt();

    /** Releases it, and takes back what was not published. */
    @Override
    void close();
  }
}
