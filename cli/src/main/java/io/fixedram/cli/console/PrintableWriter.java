// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import java.io.BufferedWriter;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.Charset;

/**
 * Writes JSON text with the characters replaced that must not reach a terminal ({@link Printable}).
 * Closing it flushes it and leaves the stream open.
 */
final class PrintableWriter extends FilterWriter {
  PrintableWriter(OutputStream out, Charset charset) {
    super(new BufferedWriter(new OutputStreamWriter(out, charset)));
  }

  @Override
  public void write(int character) throws IOException {
    write(String.valueOf((char) character), 0, 1);
  }

  @Override
  public void write(char[] characters, int offset, int length) throws IOException {
    write(new String(characters, offset, length), 0, length);
  }

  @Override
  public void write(String text, int offset, int length) throws IOException {
    // The line feeds of the layout stay; those in texts are escaped already.
    for (String part : text.substring(offset, offset + length).splitWithDelimiters("\n", 0)) {
      out.write(part.equals("\n") ? part : Printable.json(part));
    }
  }

  @Override
  public void close() throws IOException {
    out.flush();
  }
}
