// SPDX-License-Identifier: Apache-2.0
package io.fixedram.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Compares the blocks of a save with those of the memory to load it into. */
final class BlockMatch {
  private BlockMatch() {}

  /**
   * Finds, for each block of a save, the memory's block of the same name.
   *
   * @throws FixedRamException naming the first difference, with both values
   */
  static List<RamBlock> match(RamBlocks saved, GuestMemory memory) {
    RamBlocks own = memory.blocks();
    require(
        saved.targetPageSize() == own.targetPageSize(),
        "the save has target pages of "
            + saved.targetPageSize()
            + " bytes, the memory has target pages of "
            + own.targetPageSize());
    List<RamBlock> targets = new ArrayList<>();
    for (RamBlock block : saved.list()) {
      RamBlock target =
          own.byName(block.name())
              .orElseThrow(() ->
                  mismatch(
                      "the save holds RAM block " + block + ", which the memory does not have"));
      require(
          block.usedLength() == target.usedLength(),
          sides(block, "a length", block.usedLength(), target.usedLength()));
      requireSame(block, "host pages", block.pageSize(), target.pageSize());
      requireSame(block, "a guest address", block.guestAddress(), target.guestAddress());
      require(
          !memory.segment(target).isReadOnly(),
          "the memory of RAM block " + block + " is read-only");
      targets.add(target);
    }
    for (RamBlock target : own.list()) {
      require(
          target.usedLength() == 0 || saved.byName(target.name()).isPresent(),
          "the memory has RAM block " + target + ", which the save does not hold");
    }
    return targets;
  }

  private static void requireSame(
      RamBlock block, String what, OptionalLong saved, OptionalLong own) {
    if (saved.isPresent() && own.isPresent()) {
      require(
          saved.getAsLong() == own.getAsLong(),
          sides(block, what, saved.getAsLong(), own.getAsLong()));
    }
  }

  private static String sides(RamBlock block, String what, long saved, long own) {
    return "RAM block "
        + block
        + " has "
        + what
        + " of "
        + saved
        + " in the save, of "
        + own
        + " in the memory";
  }

  private static void require(boolean condition, String sentence) {
    if (!condition) {
      throw mismatch(sentence);
    }
  }

  private static FixedRamException mismatch(String sentence) {
    return new FixedRamException(
        "cannot load: " + sentence + "; give the memory the blocks of the saved guest");
  }
}
