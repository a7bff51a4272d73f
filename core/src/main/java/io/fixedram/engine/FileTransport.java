// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WrittenSave;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/** Transport to a file. */
final class FileTransport extends Transport {
  private final Path path;
  private final Function<SaveFormat, SaveWriter> writers;

  /**
   * Prepares to write a file.
   *
   * @param writers creates a writer to the path for a format
   */
  FileTransport(Path path, Function<SaveFormat, SaveWriter> writers) {
    this.path = path;
    this.writers = writers;
  }

  /** False if the path names a pipe or device. */
  @Override
  public boolean isSeekable() {
    return !Files.exists(path) || Files.isRegularFile(path) || Files.isDirectory(path);
  }

  @Override
  Open open(SaveFormat format) {
    return new OpenFile(writers.apply(format));
  }

  private record OpenFile(SaveWriter writer) implements Open {
    @Override
    public SaveSink sink() {
      return writer.sink();
    }

    @Override
    public long transferredBytes() {
      return writer.transferredBytes();
    }

    @Override
    public void sync() {
      writer.sync();
    }

    @Override
    public Optional<WrittenSave> publish() {
      return Optional.of(writer.publish());
    }

    /** Nothing to do: writes to a file do not block indefinitely. */
    @Override
    public void interrupt() {}

    @Override
    public void close() {
      writer.close();
    }
  }
}
