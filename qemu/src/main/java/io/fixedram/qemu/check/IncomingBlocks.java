// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.text.SizeText;
import io.fixedram.store.PageStore;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Compares the RAM blocks of a save with those of the QEMU that is to load it. QEMU does not load a
 * block that it does not have, or that has another length and can't be resized.
 */
final class IncomingBlocks {
  private IncomingBlocks() {}

  /**
   * Compares the blocks.
   *
   * @throws FixedRamException naming the block that QEMU can't load
   */
  static void check(QmpClient qmp, PageStore save) {
    Map<String, QemuRamBlock> blocks =
        QemuRamBlock.ask(qmp).stream()
            .collect(
                Collectors.toMap(QemuRamBlock::name, Function.identity(), (first, _) -> first));
    if (blocks.isEmpty()) {
      return;
    }
    for (RamBlock saved : save.header().blocks().list()) {
      QemuRamBlock block = blocks.get(saved.name());
      if (block == null) {
        throw new FixedRamException(
            save.name()
                + " holds RAM block "
                + saved
                + " ("
                + SizeText.words(saved.usedLength())
                + "), which this QEMU does not have: start it with the memory backends and devices"
                + " of the saved guest, under the same names and addresses");
      }
      if (!block.takes(saved.usedLength())) {
        throw new FixedRamException(
            save.name()
                + " holds "
                + SizeText.words(saved.usedLength())
                + " of RAM block "
                + saved
                + ", but this QEMU has "
                + SizeText.words(block.usedLength())
                + " of it: start it with the memory, devices and firmware of the saved guest");
      }
    }
  }
}
