// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.SystemCalls;
import io.fixedram.write.FixedVariant;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A migration into a file. */
final class FileTransport extends Transport {
  private final SystemCalls calls;
  private final Path path;
  private final WriteOptions options;

  FileTransport(SystemCalls calls, Path path, WriteOptions options) {
    this.calls = calls;
    this.path = path;
    this.options = options;
  }

  /** A name that is a pipe or device is no file. */
  @Override
  public boolean isSeekable() {
    return !Files.exists(path) || Files.isRegularFile(path) || Files.isDirectory(path);
  }

  @Override
  Open open(SaveFormat format) {
    return new OpenFile(SaveWriter.create(calls, path, format, FixedVariant.PROPOSAL, options));
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

    /** Nobody waits for long: writes to a file end. */
    @Override
    public void interrupt() {}

    @Override
    public void close() {
      writer.close();
    }
  }
}
