// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.console.Console;
import java.nio.file.Path;

/** The file that a command writes. */
final class OutputFile {
  private OutputFile() {}

  /** The option that names it. */
  static OptionSpec option(String text) {
    return OptionSpec.value('o', "out", "OUT", text);
  }

  /** Says that it is written. */
  static void tell(Console console, Path file, long bytes) {
    console.done(file + " is written");
    console.resultLine("wrote " + file + ", " + Amounts.bytes(bytes));
    console.json(json -> {
      json.writeStringProperty("file", file.toString());
      json.writeNumberProperty("bytes", bytes);
    });
  }
}
