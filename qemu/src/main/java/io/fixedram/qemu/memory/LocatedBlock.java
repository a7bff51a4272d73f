// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.migration.QemuRamBlock;
import java.util.List;

/**
 * A RAM block with its address in QEMU's address space.
 *
 * @param listed the block as listed by QEMU
 * @param host address of its first byte
 * @param mappings the mappings that cover its used bytes, in order
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
