// SPDX-License-Identifier: Apache-2.0
/**
 * The fixedram command. Its interface is the command line; modules with more commands use qualified
 * exports.
 */
@SuppressWarnings(
    "module") // The modules of qualified exports don't exist when this one is compiled.
module io.fixedram.cli {
  requires io.fixedram.inspect;
  requires io.fixedram.qemu;
  requires io.fixedram.qmpserver;
  requires org.apache.commons.cli;
  requires tools.jackson.core;

  uses io.fixedram.cli.command.CommandModule;

  exports io.fixedram.cli.command to
      io.fixedram.bench;
  exports io.fixedram.cli.args to
      io.fixedram.bench;
  exports io.fixedram.cli.console to
      io.fixedram.bench;
  exports io.fixedram.cli.host to
      io.fixedram.bench;
  exports io.fixedram.cli.input to
      io.fixedram.bench;
}
