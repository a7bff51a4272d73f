// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.bytes.ByteSource;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Console;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.stream.StreamDecoder;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.Optional;

/** Source of a conversion: a save of any format in a file, or a stream on standard input. */
final class ConversionSource implements PageSource, AutoCloseable {
  /** Name of standard input in messages. */
  static final String STANDARD_INPUT = "standard input";

  private final String name;
  private final SaveFormat format;
  private final PageSource pages;
  private final Runnable closing;

  private ConversionSource(String name, SaveFormat format, PageSource pages, Runnable closing) {
    this.name = name;
    this.format = format;
    this.pages = pages;
    this.closing = closing;
  }

  /**
   * Opens the source.
   *
   * @param file the file; empty for standard input
   */
  static ConversionSource open(Optional<Path> file, Console console, Cancellation cancellation) {
    if (file.isEmpty()) {
      return standardInput(console.terminal().inChannel(), cancellation);
    }
    PageStore save = Saves.open(file.get());
    return new ConversionSource(save.name(), save.file().orElseThrow().format(), save, save::close);
  }

  private static ConversionSource standardInput(
      ReadableByteChannel channel, Cancellation cancellation) {
    Cancellation.Registration registration = cancellation.onCancel(() -> close(channel));
    return new ConversionSource(
        STANDARD_INPUT,
        SaveFormat.STREAM,
        new StreamDecoder(ByteSource.of(channel, STANDARD_INPUT), STANDARD_INPUT),
        () -> {
          registration.close();
          close(channel);
        });
  }

  private static void close(ReadableByteChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // The channel was only read, so nothing is lost.
    }
  }

  /** Name of the source in messages. */
  String name() {
    return name;
  }

  /** Format of the source. */
  SaveFormat format() {
    return format;
  }

  @Override
  public Optional<String> manifest() {
    return pages.manifest();
  }

  @Override
  public void sendTo(SaveSink sink) {
    pages.sendTo(sink);
  }

  @Override
  public void close() {
    closing.run();
  }
}
