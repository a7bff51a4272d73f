// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads files of whose length another program decides, such as its files in /proc and its logs:
 * never more than a limit.
 */
public final class SmallFile {
  private SmallFile() {}

  /**
   * The text of a file.
   *
   * @throws IOException if the file can't be read, or is longer than the limit
   */
  public static String text(Path file, int maxBytes, Charset charset) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      // Files in /proc don't tell their length.
      byte[] bytes = in.readNBytes(maxBytes);
      if (bytes.length == maxBytes && in.read() >= 0) {
        throw new IOException(file + " has more than " + maxBytes + " bytes");
      }
      return new String(bytes, charset);
    }
  }

  /**
   * The end of a text, of at most a number of bytes.
   *
   * @throws IOException if the file can't be read
   */
  public static String end(Path file, int maxBytes, Charset charset) throws IOException {
    try (SeekableByteChannel in = Files.newByteChannel(file)) {
      in.position(Math.max(0, in.size() - maxBytes));
      ByteBuffer bytes = ByteBuffer.allocate(maxBytes);
      while (bytes.hasRemaining() && in.read(bytes) >= 0) {
        // Until the buffer is full or the file ends.
      }
      return new String(bytes.array(), 0, bytes.position(), charset);
    }
  }
}
