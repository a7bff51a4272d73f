// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One run of the command inside the test's own process.
 *
 * @param status its exit status
 * @param rawOut what it wrote to standard output, one char a byte
 * @param err what it wrote to standard error
 */
record Run(int status, String rawOut, String err) {

  /** Runs a command line without input. */
  static Run of(String... words) {
    return withInput(new byte[0], words);
  }

  /** Runs a command line. */
  static Run withInput(byte[] input, String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(input), out, err, StandardCharsets.UTF_8, false, false, 80);
    int status = Main.run(List.of(words), terminal, new Cancellation());
    return new Run(
        status, out.toString(StandardCharsets.ISO_8859_1), err.toString(StandardCharsets.UTF_8));
  }

  /** What it wrote to standard output, as text. */
  String out() {
    return new String(outBytes(), StandardCharsets.UTF_8);
  }

  /** What it wrote to standard output. */
  byte[] outBytes() {
    return rawOut.getBytes(StandardCharsets.ISO_8859_1);
  }
}
