// SPDX-License-Identifier: Apache-2.0
/** The fixedram command. Exports nothing: its interface is the command line. */
module io.fixedram.cli {
  requires io.fixedram.qemu;
  requires io.fixedram.qmpserver;
  requires org.apache.commons.cli;
  requires tools.jackson.core;
}
