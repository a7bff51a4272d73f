// SPDX-License-Identifier: Apache-2.0
/** Controls QEMU: its monitor, its processes, and how a guest is saved and restored. */
module io.fixedram.qemu {
  requires transitive io.fixedram.core;
  requires tools.jackson.jr.ob;

  exports io.fixedram.qemu;
  exports io.fixedram.qemu.guest;
  exports io.fixedram.qemu.qmp;
}
