// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.migration.QemuRamBlock;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QmpClient;
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
   * @throws ObstacleException naming the block that QEMU can't load
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
        throw new ObstacleException(
            new LoadObstacle.BlockMissing(save.name(), saved.name(), saved.usedLength()));
      }
      if (!block.takes(saved.usedLength())) {
        throw new ObstacleException(
            new LoadObstacle.OtherLength(
                save.name(), saved.name(), saved.usedLength(), block.usedLength()));
      }
    }
  }
}
