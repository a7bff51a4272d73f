// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.migration.QemuRamBlock;
import java.util.List;

/**
 * A RAM block whose place in QEMU's address space is known.
 *
 * @param listed as QEMU lists it
 * @param host address of its first byte
 * @param mappings what its used bytes lie in, one after the other
 */
record LocatedBlock(QemuRamBlock listed, long host, List<Mapping> mappings) {
  String name() {
    return listed.name();
  }

  long usedLength() {
    return listed.usedLength();
  }

  long end() {
    return host + usedLength();
  }
}
