// SPDX-License-Identifier: Apache-2.0
/** Saving and restoring guests of QEMU, with QEMU's QMP and processes. */
@SuppressWarnings(
    "module") // The modules of qualified exports don't exist when this one is compiled.
module io.fixedram.qemu {
  requires transitive io.fixedram.core;
  requires tools.jackson.jr.ob;

  exports io.fixedram.qemu.guest to
      io.fixedram.bench,
      io.fixedram.cli;
  exports io.fixedram.qemu.process to
      io.fixedram.bench,
      io.fixedram.cli;
  exports io.fixedram.qemu.manifest;
  exports io.fixedram.qemu.obstacle;
  exports io.fixedram.qemu.qmp;
  exports io.fixedram.qemu.restore;
  exports io.fixedram.qemu.save;
  exports io.fixedram.qemu.start;
  exports io.fixedram.qemu.stream;
  exports io.fixedram.qemu.transfer;
  exports io.fixedram.qemu.view;
}
