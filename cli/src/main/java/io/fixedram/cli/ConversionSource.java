// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.bytes.ByteSource;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.SignatureText;
import io.fixedram.guest.PageSource;
import io.fixedram.guest.SaveSink;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.layout.SaveSeal;
import io.fixedram.store.PageStore;
import io.fixedram.store.SalvagedSave;
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
  private final SaveSeal.Signature signature;
  private final PageSource pages;
  private final Runnable closing;

  private ConversionSource(
      String name,
      SaveFormat format,
      SaveSeal.Signature signature,
      PageSource pages,
      Runnable closing) {
    this.name = name;
    this.format = format;
    this.signature = signature;
    this.pages = pages;
    this.closing = closing;
  }

  /**
   * Opens the source.
   *
   * @param file the file; empty for standard input
   * @param key key that the file must be signed with; empty if it need not be signed
   * @param ifSigned key that the file must be signed with if it is signed at all
   */
  static ConversionSource open(
      Optional<Path> file,
      Optional<SigningKey> key,
      Optional<SigningKey> ifSigned,
      Console console,
      Cancellation cancellation) {
    if (file.isEmpty()) {
      return standardInput(console.terminal().inChannel(), cancellation);
    }
    PageStore save = Saves.open(file.get(), key);
    SaveSeal.Signature signature = SignatureText.of(save.seal());
    if (signature == SaveSeal.Signature.NOT_CHECKED && ifSigned.isPresent()) {
      save.close();
      return open(file, ifSigned, Optional.empty(), console, cancellation);
    }
    return new ConversionSource(
        save.name(), save.file().orElseThrow().format(), signature, save, save::close);
  }

  /** Opens what is left of a damaged file. */
  static ConversionSource salvaged(SalvagedSave save) {
    return new ConversionSource(
        save.name(),
        save.file().orElseThrow().format(),
        SaveSeal.Signature.NONE,
        save,
        save::close);
  }

  private static ConversionSource standardInput(
      ReadableByteChannel channel, Cancellation cancellation) {
    Cancellation.Registration registration = cancellation.onCancel(() -> close(channel));
    return new ConversionSource(
        STANDARD_INPUT,
        SaveFormat.STREAM,
        SaveSeal.Signature.NONE,
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

  /** Signature of the source. */
  SaveSeal.Signature signature() {
    return signature;
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
