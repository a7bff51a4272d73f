// SPDX-License-Identifier: Apache-2.0
/** Looks into saves and running guests: devices, memory by the guest's addresses, differences. */
module io.fixedram.inspect {
  requires transitive io.fixedram.core;
  requires transitive io.fixedram.qemu;
  requires tools.jackson.core;

  exports io.fixedram.inspect;
  exports io.fixedram.inspect.address;
  exports io.fixedram.inspect.block;
  exports io.fixedram.inspect.device;
  exports io.fixedram.inspect.diff;
  exports io.fixedram.inspect.export;
  exports io.fixedram.inspect.find;
}
