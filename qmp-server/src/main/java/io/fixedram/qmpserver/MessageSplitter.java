// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.error.FixedRamException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Splits a byte stream into JSON objects. Clients need not end a message with a line feed, and some
 * clients of QEMU do not. Not thread-safe.
 */
final class MessageSplitter {
  /** Maximum length of a message, far above that of any migration command. */
  private static final int MAX_BYTES = 1 << 20;

  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private int depth;
  private boolean inText;
  private boolean escaped;

  /**
   * Consumes bytes up to the end of a message.
   *
   * @return the message; empty if more bytes are needed
   * @throws FixedRamException if a message is not an object, not UTF-8, or too long
   */
  Optional<String> next(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (depth == 0 && Character.isWhitespace(next)) {
        continue;
      }
      if (depth == 0 && next != '{') {
        throw new FixedRamException("JSON parse error, a message begins with '{'");
      }
      message.write(next);
      if (message.size() > MAX_BYTES) {
        throw new FixedRamException("a message is at most " + MAX_BYTES + " bytes");
      }
      step(next);
      if (depth == 0) {
        return Optional.of(text());
      }
    }
    return Optional.empty();
  }

  private String text() {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(message.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new FixedRamException("JSON parse error, a message is not UTF-8", e);
    } finally {
      message.reset();
    }
  }

  private void step(byte next) {
    if (inText) {
      inText = escaped || next != '"';
      escaped = !escaped && next == '\\';
      return;
    }
    switch (next) {
      case '"' -> inText = true;
      case '{', '[' -> depth++;
      case '}', ']' -> depth--;
      default -> {}
    }
  }
}
