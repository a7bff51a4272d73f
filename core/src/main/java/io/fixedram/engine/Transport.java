// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.error.FixedRamException;
import io.fixedram.file.WriteOptions;
import io.fixedram.file.WrittenSave;
import io.fixedram.guest.PageSink;
import io.fixedram.layout.SaveFormat;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Where a migration goes. */
public sealed interface Transport permits FileTransport, ChannelTransport {

  /** A file, which appears under its name when the migration is completed, and never else. */
  static Transport file(Path path, WriteOptions options) {
    return new FileTransport(path, options);
  }

  /**
   * A connection or pipe. It is closed when the migration ends, however that is; one that did not
   * complete ends in the middle of its stream.
   *
   * @param name where it leads, for errors
   */
  static Transport channel(WritableByteChannel channel, String name) {
    return new ChannelTransport(channel, name);
  }

  /** Whether bytes can go to any offset. */
  boolean isSeekable();

  /**
   * Opens it.
   *
   * @throws FixedRamException if that is not possible
   */
  Open open(SaveFormat format);

  /** A transport in use. One thread at a time, but for {@link #interrupt}. */
  interface Open extends AutoCloseable {
    /** Takes the pages. */
    PageSink sink();

    /** Bytes that went in so far. */
    long transferredBytes();

    /** Makes it final, after {@link PageSink#end}; the file if it is one. */
    Optional<WrittenSave> publish();

    /** Wakes a thread that waits for the other side. Any thread. */
    void interrupt();

    /** Releases it, and takes back what was not published. */
    @Override
    void close();
  }
}
