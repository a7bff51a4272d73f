// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.text.SizeText;
import java.util.List;
import java.util.stream.Collectors;

/** Formats names of blocks of main memory for a sentence. */
final class BlockNames {
  private BlockNames() {}

  /** Names with sizes, or "no main memory". */
  static String of(List<RamBlock> blocks) {
    return blocks.isEmpty()
        ? "no main memory"
        : blocks.stream()
            .map(block -> block + " (" + SizeText.words(block.usedLength()) + ")")
            .collect(Collectors.joining(", "));
  }
}
