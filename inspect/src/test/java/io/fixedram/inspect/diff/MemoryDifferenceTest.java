// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.diff;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.SmallSave;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MemoryDifferenceTest {
  private static final int PAGE = SmallSave.PAGE;

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void isFound(SaveFormat format) {
    SmallSave a = new SmallSave("pc-q35-7.2");
    SmallSave b = new SmallSave("pc-q35-7.2");
    RamBlock ram = a.block("pc.ram", 1000);
    b.block("pc.ram", 1001);
    RamBlock onlyA = a.block("old", 2);
    RamBlock onlyB = b.block("new", 2);
    byte[] one = {1};
    byte[] two = {2};
    for (long page : new long[] {0, 1, 2, 700, 999}) {
      a.put(ram, page * PAGE + 17, one);
    }
    for (long page : new long[] {0, 300, 700, 999, 1000}) {
      b.put(ram, page * PAGE + 17, page == 700 || page == 999 ? two : one);
    }
    a.put(onlyA, 0, one);
    b.put(onlyB, PAGE, one);
    List<String> ranges = new ArrayList<>();
    List<BlockDifference> blocks;
    try (PageStore first = a.write(directory.resolve("a"), format);
        PageStore second = b.write(directory.resolve("b"), SaveFormat.MAPPED_RAM)) {
      blocks =
          new MemoryDifference(first, second)
              .compare(
                  new Cancellation(),
                  (block, difference, offset, bytes) ->
                      ranges.add(
                          block + " " + difference + " " + offset / PAGE + "+" + bytes / PAGE));
    }
    assertThat(ranges)
        .containsExactly(
            "pc.ram ONLY_A 1+2",
            "pc.ram ONLY_B 300+1",
            "pc.ram CHANGED 700+1",
            "pc.ram CHANGED 999+1",
            "pc.ram ONLY_B 1000+1",
            "old ONLY_A 0+1",
            "new ONLY_B 1+1");
    assertThat(blocks)
        .containsExactly(
            new BlockDifference("pc.ram", 1000L * PAGE, 1001L * PAGE, 2, 2, 2),
            new BlockDifference("old", 2L * PAGE, 0, 0, 1, 0),
            new BlockDifference("new", 0, 2L * PAGE, 0, 0, 1));
  }
}
