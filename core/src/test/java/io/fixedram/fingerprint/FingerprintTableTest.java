// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FingerprintTableTest {
  private static final RamBlock EMPTY = new RamBlock(0, "empty", 0);
  private static final RamBlock RAM = new RamBlock(1, "pc.ram", 1000 * 4096);
  private static final RamBlock LARGE = new RamBlock(2, "large", 1L << 40);

  private final FingerprintTable table =
      new FingerprintTable(new RamBlocks(4096, List.of(EMPTY, RAM, LARGE)));

  @AfterEach
  void close() {
    table.close();
  }

  private static MemorySegment print(int first, int last) {
    byte[] print = new byte[PageFingerprint.BYTES];
    print[0] = (byte) first;
    print[15] = (byte) last;
    return MemorySegment.ofArray(print);
  }

  @Test
  void allIsZeroAtFirst() {
    assertThat(table.pageBytes()).isEqualTo(4096);
    assertThat(table.isZero(RAM, 999)).isTrue();
    assertThat(table.nextData(RAM, 0, 1000)).isEqualTo(1000);
    assertThat(table.nextData(EMPTY, 0, 0)).isZero();
    assertThat(table.set(RAM, 3, print(0, 0), 0)).isFalse();
  }

  @Test
  void remembersWhatWasSet() {
    assertThat(table.set(RAM, 3, print(1, 0), 0)).isTrue();
    assertThat(table.set(RAM, 3, print(1, 0), 0)).isFalse();
    assertThat(table.set(RAM, 3, print(0, 1), 0)).isTrue();
    assertThat(table.isZero(RAM, 3)).isFalse();
    assertThat(table.isZero(RAM, 2)).isTrue();
    assertThat(table.set(RAM, 3, print(0, 0), 0)).isTrue();
    assertThat(table.isZero(RAM, 3)).isTrue();
  }

  @Test
  void findsData() {
    for (int page : List.of(0, 255, 256, 700, 999)) {
      table.set(RAM, page, print(0, 1), 0);
    }
    assertThat(table.nextData(RAM, 0, 1000)).isZero();
    assertThat(table.nextData(RAM, 1, 1000)).isEqualTo(255);
    assertThat(table.nextData(RAM, 1, 200)).isEqualTo(200);
    assertThat(table.nextData(RAM, 256, 1000)).isEqualTo(256);
    assertThat(table.nextData(RAM, 257, 1000)).isEqualTo(700);
    table.setZero(RAM, 256, 445);
    assertThat(table.nextData(RAM, 256, 1000)).isEqualTo(999);
  }

  @Test
  void takesMemoryForWhatIsSetOnly() {
    long pages = LARGE.usedLength() / 4096;
    assertThat(table.set(LARGE, pages - 1, print(5, 0), 0)).isTrue();
    assertThat(table.nextData(LARGE, pages - 1000, pages)).isEqualTo(pages - 1);
  }

  @Test
  void pagesThatAreNotThere() {
    assertThatThrownBy(() -> table.set(RAM, 1000, print(1, 1), 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
