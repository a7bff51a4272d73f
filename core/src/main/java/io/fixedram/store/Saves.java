// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.bytes.ByteSource;
import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.LocalFile;
import io.fixedram.bytes.StorePart;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.StorageException;
import io.fixedram.error.UntrustedSaveException;
import io.fixedram.fixed.FixedLayout;
import io.fixedram.key.SigningKey;
import io.fixedram.seal.SealedFile;
import io.fixedram.wire.ConfigurationSection;
import io.fixedram.wire.StreamInput;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Opens saves of any format. */
public final class Saves {
  /** Size of the buffer for reading everything except pages. */
  static final int HEADER_BUFFER_BYTES = 1 << 16;

  private Saves() {}

  /**
   * Opens the save in a file.
   *
   * @throws StorageException if the file can't be read
   * @throws DamagedSaveException if it is not a save, or its header is damaged
   */
  public static PageStore open(Path path) {
    return open(path, Optional.empty());
  }

  /**
   * Opens the save in a file, which must be signed if a key is given.
   *
   * @throws StorageException if the file can't be read
   * @throws UntrustedSaveException if it is not signed with the key
   * @throws DamagedSaveException if it is not a save, or its header is damaged
   */
  public static PageStore open(Path path, Optional<SigningKey> key) {
    return open(LocalFile.open(path), List.of(), key);
  }

  /** Opens the save in a store. The store is closed with the save, or at once if opening fails. */
  public static PageStore open(ByteStore store) {
    return open(store, List.of());
  }

  /**
   * Opens the save in a store that may have the format of an envelope; the first envelope that
   * recognizes the store is used. The store is closed with the save, or at once if opening fails.
   */
  public static PageStore open(ByteStore store, List<Envelope> envelopes) {
    return open(store, envelopes, Optional.empty());
  }

  /**
   * Opens the save in a store that may have the format of an envelope.
   *
   * @param key the save must be signed with it; empty if it need not be signed
   * @throws UntrustedSaveException if it is not signed with the key
   */
  public static PageStore open(
      ByteStore store, List<Envelope> envelopes, Optional<SigningKey> key) {
    try {
      for (Envelope envelope : envelopes) {
        Optional<Envelope.Body> body = envelope.open(store);
        if (body.isPresent()) {
          return open(body.get(), key);
        }
      }
      return open(new Envelope.Body(store, 0), key);
    } catch (RuntimeException | Error e) {
      store.close();
      throw e;
    }
  }

  /** What a footer covers is checked before it is interpreted. */
  private static PageStore open(Envelope.Body found, Optional<SigningKey> key) {
    Optional<SealedFile> sealed = SealedFile.open(found.bytes(), key);
    sealed.ifPresent(SealedFile::checkHeads);
    Envelope.Body body =
        sealed.map(file -> new Envelope.Body(file.bytes(), found.start())).orElse(found);
    Optional<FixedLayout> layout = layout(body);
    return layout.isPresent() ? FixedStore.read(body, layout.get(), sealed) : new StreamStore(body);
  }

  /** The layout of a save; empty for a stream. */
  static Optional<FixedLayout> layout(Envelope.Body body) {
    try (StreamInput in = input(body)) {
      return FixedLayout.named(ConfigurationSection.read(in).capabilities());
    }
  }

  /** An input positioned at a save's first byte. */
  static StreamInput input(Envelope.Body body) {
    return input(body, Optional.empty());
  }

  /**
   * An input positioned at a save's first byte.
   *
   * @param end position where the input ends; empty if that is the end of the store
   */
  static StreamInput input(Envelope.Body body, Optional<Long> end) {
    ByteStore bytes = body.bytes();
    ByteSource source =
        end.<ByteSource>map(length -> new StorePart(bytes, 0, length)).orElse(bytes);
    StreamInput in = new StreamInput(source, bytes.name(), HEADER_BUFFER_BYTES);
    in.seek(body.start());
    return in;
  }
}
