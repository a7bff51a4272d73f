// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fingerprint;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.os.MachineCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PageFingerprintTest {
  private static final int PAGE = 4096;

  /** 128 bits, as they stand in a table. */
  private record Print(long low, long high) {
    static Print of(byte[] page) {
      return of(page, 0, page.length);
    }

    static Print of(byte[] memory, int offset, int length) {
      MemorySegment into = MemorySegment.ofArray(new byte[PageFingerprint.BYTES]);
      PageFingerprint.write(MemorySegment.ofArray(memory), offset, length, into, 0);
      return new Print(into.get(JAVA_LONG_UNALIGNED, 0), into.get(JAVA_LONG_UNALIGNED, Long.BYTES));
    }

    boolean bit(int index) {
      return ((index < Long.SIZE ? low : high) >>> index & 1) != 0;
    }
  }

  /** Content of pages, of which the simple kinds are what weak functions are weak at. */
  enum Content {
    ALMOST_ZERO,
    ONES,
    SMALL_NUMBERS,
    SIGNS,
    RANDOM;

    byte[] page() {
      byte[] page = new byte[PAGE];
      SplittableRandom random = new SplittableRandom(3);
      switch (this) {
        case ALMOST_ZERO -> page[0] = 1;
        case ONES -> Arrays.fill(page, (byte) 0xff);
        case SMALL_NUMBERS -> {
          for (int i = 0; i < PAGE; i += 8) {
            page[i] = (byte) (i / 8);
          }
        }
        case SIGNS -> {
          for (int i = 7; i < PAGE; i += 8) {
            page[i] = (byte) 0x80;
          }
        }
        case RANDOM -> random.nextBytes(page);
      }
      return page;
    }
  }

  /** Computed by a program of its own, written after docs/format.md. */
  @Test
  void isAsDocumented() {
    byte[] ones = new byte[4096];
    Arrays.fill(ones, (byte) 0xff);
    assertThat(hex(ones)).isEqualTo("526bea42b636a37d333c105dbd1eddfa");
    byte[] count = new byte[4096];
    for (int i = 0; i < count.length; i++) {
      count[i] = (byte) i;
    }
    assertThat(hex(count)).isEqualTo("eb7d69c222d1d6ffd2afbfdf5f49c529");
    byte[] first = new byte[4096];
    first[0] = 1;
    assertThat(hex(first)).isEqualTo("72708ed29cd5feaae8bb05b5088c7aa2");
    byte[] last = new byte[4096];
    last[4095] = (byte) 0x80;
    assertThat(hex(last)).isEqualTo("7639d70a9c67ac894e1c2940590238f0");
    byte[] small = new byte[1024];
    for (int i = 0; i < small.length; i++) {
      small[i] = (byte) (i * 7);
    }
    assertThat(hex(small)).isEqualTo("f8439071827df5b2386fe320ae8d7022");
    byte[] large = new byte[1 << 16];
    for (int i = 0; i < large.length; i++) {
      large[i] = (byte) (i >> 8);
    }
    assertThat(hex(large)).isEqualTo("f750fe4d72739684999ab7bbffe3dab6");
  }

  private static String hex(byte[] page) {
    byte[] print = new byte[PageFingerprint.BYTES];
    PageFingerprint.write(
        MemorySegment.ofArray(page), 0, page.length, MemorySegment.ofArray(print), 0);
    return HexFormat.of().formatHex(print);
  }

  /** Pages of all kinds and sizes, also in memory that is not aligned. */
  @Test
  void machineCodeComputesTheSame() {
    SplittableRandom random = new SplittableRandom(5);
    try (Arena arena = Arena.ofConfined()) {
      for (int size = PageFingerprint.STEP_BYTES; size <= 1 << 16; size *= 2) {
        int pages = Math.max(3, (1 << 18) / size);
        MemorySegment memory = arena.allocate((long) pages * size + 8).asSlice(random.nextInt(8));
        for (int page = 0; page < pages; page++) {
          byte[] content = Content.values()[random.nextInt(Content.values().length)].page();
          long length = random.nextBoolean() ? 0 : Math.min(size, PAGE);
          long at = random.nextInt(size - (int) length + 1);
          MemorySegment.copy(
              MemorySegment.ofArray(content),
              PAGE - length,
              memory,
              (long) page * size + at,
              length);
        }
        byte[] inJava = new byte[pages * PageFingerprint.BYTES];
        PageFingerprint.write(memory, 0, size, pages, MemorySegment.ofArray(inJava));
        MemorySegment prints = arena.allocate(inJava.length + 1).asSlice(1).fill((byte) 0xa5);
        PageFingerprint.write(memory, 0, size, pages, prints);
        assertThat(prints.toArray(ValueLayout.JAVA_BYTE)).as("%d bytes", size).isEqualTo(inJava);
      }
      MemorySegment none = arena.allocate(1);
      PageFingerprint.write(none, 0, PAGE, 0, none);
    }
  }

  /** Otherwise the tests of machine code would test the code in Java. */
  @Test
  void machineCodeCanBeLoadedHere() {
    assertThat(MachineCode.load(PageFingerprint.code())).isPresent();
  }

  @Test
  void machineCodeIsWhatItsSourceAssemblesTo(@TempDir Path directory) throws Exception {
    for (String tool : List.of("as", "objcopy")) {
      assumeTrue(onPath(tool), tool + " (GNU binutils) is not on this machine");
    }
    String object = directory.resolve("fingerprints.o").toString();
    Path binary = directory.resolve("fingerprints.bin");
    Path source = Path.of("src", "main", "native", "fingerprints.S").toAbsolutePath();
    run("as", "--64", "-mx86-used-note=no", "-o", object, source.toString());
    run("objcopy", "-O", "binary", "-j", ".text", object, binary.toString());
    assertThat(PageFingerprint.code()).isEqualTo(Files.readAllBytes(binary));
  }

  private static boolean onPath(String tool) {
    return Arrays.stream(System.getenv("PATH").split(":", -1))
        .anyMatch(each -> Files.isExecutable(Path.of(each, tool)));
  }

  private static void run(String... words) throws Exception {
    assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void zerosHaveTheirOwn() {
    for (int size = 1024; size <= 1 << 16; size *= 2) {
      assertThat(Print.of(new byte[size])).isEqualTo(new Print(0, 0));
    }
    assertThat(Print.of(Content.ALMOST_ZERO.page())).isNotEqualTo(new Print(0, 0));
  }

  @Test
  void doesNotDependOnWhereThePageIs() {
    byte[] page = Content.RANDOM.page();
    byte[] memory = new byte[3 * PAGE];
    System.arraycopy(page, 0, memory, 1000, PAGE);
    assertThat(Print.of(memory, 1000, PAGE)).isEqualTo(Print.of(page));
  }

  @ParameterizedTest
  @EnumSource
  void eachBitChangesHalfOfAll(Content content) {
    byte[] page = content.page();
    Print before = Print.of(page);
    int[] changes = new int[128];
    Set<Print> prints = new HashSet<>(Set.of(before));
    for (int bit = 0; bit < PAGE * Byte.SIZE; bit++) {
      page[bit / 8] ^= (byte) (1 << bit % 8);
      Print after = Print.of(page);
      page[bit / 8] ^= (byte) (1 << bit % 8);
      prints.add(after);
      int changed = 0;
      for (int i = 0; i < changes.length; i++) {
        if (after.bit(i) != before.bit(i)) {
          changes[i]++;
          changed++;
        }
      }
      // 64 and at most 8 standard deviations. The only bit of a page leaves nothing.
      if (!after.equals(new Print(0, 0))) {
        assertThat(changed).as("bit %d", bit).isBetween(64 - 45, 64 + 45);
      }
    }
    assertThat(prints).hasSize(PAGE * Byte.SIZE + 1);
    // Half of 32768, and 6 standard deviations.
    assertThat(Arrays.stream(changes))
        .allSatisfy(count -> assertThat(count).isBetween(16384 - 543, 16384 + 543));
  }

  /**
   * Of pages that are alike in some way, parts of the fingerprint are the same as seldom as those
   * of random numbers are.
   */
  @Test
  void alikePagesShareNothing() {
    List<Print> prints = new ArrayList<>();
    equalWords(prints);
    fewBits(prints);
    swappedWords(prints);
    swappedSteps(prints);
    otherSigns(prints);
    cutOff(prints);
    assertThat(new HashSet<>(prints)).hasSize(prints.size());
    for (int shift = 0; shift < 128; shift += 32) {
      Set<Integer> words = new HashSet<>();
      for (Print print : prints) {
        words.add((int) ((shift < Long.SIZE ? print.low() : print.high()) >>> shift));
      }
      // One pair in 2^32 is: 23 are expected of 440000 pages.
      assertThat(prints.size() - words.size()).as("equal words at bit %d", shift).isLessThan(60);
    }
  }

  private static void equalWords(List<Print> prints) {
    long[] words = new long[PAGE / Long.BYTES];
    MemorySegment page = MemorySegment.ofArray(new byte[PAGE]);
    for (int number = 1; number <= 50_000; number++) {
      Arrays.fill(words, number);
      page.copyFrom(MemorySegment.ofArray(words));
      prints.add(Print.of((byte[]) page.heapBase().orElseThrow()));
    }
  }

  /** One bit or two of a page of zeros. */
  private static void fewBits(List<Print> prints) {
    byte[] page = new byte[PAGE];
    for (int i = 1; i < PAGE * Byte.SIZE; i += 73) {
      page[i / 8] ^= (byte) (1 << i % 8);
      prints.add(Print.of(page));
      for (int j = 1; j < i; j += 73) {
        page[j / 8] ^= (byte) (1 << j % 8);
        prints.add(Print.of(page));
        page[j / 8] ^= (byte) (1 << j % 8);
      }
      page[i / 8] ^= (byte) (1 << i % 8);
    }
  }

  private static void swappedWords(List<Print> prints) {
    byte[] page = Content.RANDOM.page();
    for (int i = 0; i < PAGE; i += Long.BYTES) {
      for (int j = 0; j < i; j += Long.BYTES) {
        swap(page, i, j, Long.BYTES);
        prints.add(Print.of(page));
        swap(page, i, j, Long.BYTES);
      }
    }
  }

  private static void swappedSteps(List<Print> prints) {
    byte[] page = Content.SMALL_NUMBERS.page();
    for (int i = 0; i < PAGE / 4; i += PageFingerprint.STEP_BYTES) {
      for (int j = 0; j < i; j += PageFingerprint.STEP_BYTES) {
        swap(page, i, j, PageFingerprint.STEP_BYTES);
        prints.add(Print.of(page));
        swap(page, i, j, PageFingerprint.STEP_BYTES);
      }
    }
  }

  private static void swap(byte[] page, int first, int second, int length) {
    for (int i = 0; i < length; i++) {
      byte kept = page[first + i];
      page[first + i] = page[second + i];
      page[second + i] = kept;
    }
  }

  /** The highest bits of words, and those that a rotation by half a word makes of them. */
  private static void otherSigns(List<Print> prints) {
    byte[] page = Content.RANDOM.page();
    for (int signs = 1; signs < 1 << 16; signs++) {
      byte[] other = page.clone();
      for (int i = 0; i < 16; i++) {
        other[i * 4 + 3] ^= (byte) ((signs >>> i & 1) << 7);
      }
      prints.add(Print.of(other));
    }
  }

  /** Pages whose rest is zero, and the same in longer and shorter pages. */
  private static void cutOff(List<Print> prints) {
    for (int size = 1024; size <= 1 << 16; size *= 2) {
      byte[] page = new byte[size];
      for (int i = 0; i < 1024; i++) {
        page[i] = (byte) (i | 1);
        prints.add(Print.of(page));
      }
    }
  }
}
