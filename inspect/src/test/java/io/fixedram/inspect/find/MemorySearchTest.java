// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.SmallSave;
import io.fixedram.inspect.address.MapRange;
import io.fixedram.inspect.address.MemoryMap;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemorySearchTest {
  /** More than two windows. */
  private static final long PAGES = 600;

  @TempDir private Path directory;

  private final SmallSave save = new SmallSave("pc-q35-7.2");
  private RamBlock ram = new RamBlock(0, "none", 0);
  private RamBlock vga = ram;

  @BeforeEach
  void blocks() {
    ram = save.block("pc.ram", PAGES);
    vga = save.block("vga.vram", 4);
  }

  private List<String> find(Optional<MemoryMap> map, BytePattern pattern, int context) {
    List<String> found = new ArrayList<>();
    try (PageStore store = save.write(directory.resolve("save"), SaveFormat.MAPPED_RAM)) {
      new MemorySearch(store, map, pattern, context)
          .run(
              new Cancellation(),
              hit -> {
                String around = new String(hit.context().toArray(ValueLayout.JAVA_BYTE), US_ASCII);
                found.add(
                    hit.block()
                        + " "
                        + hit.offset()
                        + (hit.address().isPresent() ? " @" + hit.address().getAsLong() : "")
                        + " "
                        + around.replace('\0', '.'));
                return true;
              });
    }
    return found;
  }

  private static LiteralPattern text(String text) {
    return new LiteralPattern(text.getBytes(US_ASCII));
  }

  @Test
  void acrossPagesAndWindowsAndBlocks() {
    long window = 1 << 20;
    save.put(ram, 4094, "needle".getBytes(US_ASCII));
    save.put(ram, window - 3, "needle".getBytes(US_ASCII));
    save.put(ram, PAGES * 4096 - 3, "nee".getBytes(US_ASCII));
    save.put(vga, 0, "dle".getBytes(US_ASCII));
    save.put(vga, 4 * 4096 - 6, "needle".getBytes(US_ASCII));
    assertThat(find(Optional.empty(), text("needle"), 0))
        .containsExactly(
            "pc.ram 4094 needle", "pc.ram " + (window - 3) + " needle", "vga.vram 16378 needle");
    // The guest has the two blocks side by side.
    MemoryMap map =
        new MemoryMap(
            List.of(
                new MapRange(8192, PAGES * 4096, ram, 0, true),
                new MapRange(8192 + PAGES * 4096, 4 * 4096, vga, 0, true)),
            MemoryMap.Origin.GIVEN);
    long end = PAGES * 4096;
    assertThat(find(Optional.of(map), text("needle"), 2))
        .containsExactly(
            "pc.ram 4094 @12286 ..needle..",
            "pc.ram " + (window - 3) + " @" + (window - 3 + 8192) + " ..needle..",
            "pc.ram " + (end - 3) + " @" + (end - 3 + 8192) + " ..needle..",
            "vga.vram 16378 @" + (16378 + 8192 + end) + " ..needle");
  }

  @Test
  void whatHasNoAddressIsFoundOnceAndLast() {
    save.put(ram, 100, "x1".getBytes(US_ASCII)).put(ram, 8292, "x2".getBytes(US_ASCII));
    MemoryMap map =
        new MemoryMap(
            List.of(
                new MapRange(0, 4096, ram, 8192, true), new MapRange(65536, 4096, ram, 8192, true)),
            MemoryMap.Origin.GIVEN);
    assertThat(find(Optional.of(map), new RegexPattern("x\\d"), 0))
        .containsExactly("pc.ram 8292 @100 x2", "pc.ram 100 x1");
  }

  @Test
  void overlappingAndSingleBytes() {
    save.put(ram, 10, "aaaa".getBytes(US_ASCII));
    assertThat(find(Optional.empty(), text("aaa"), 0))
        .containsExactly("pc.ram 10 aaa", "pc.ram 11 aaa");
    assertThat(find(Optional.empty(), text("a"), 1))
        .containsExactly("pc.ram 10 .aa", "pc.ram 11 aaa", "pc.ram 12 aaa", "pc.ram 13 aa.");
  }

  @Test
  void regularExpressionsSeeBytes() {
    save.put(ram, 4090, "key=value;".getBytes(US_ASCII)).put(ram, 9000, (byte) 0xff, (byte) 0xfe);
    assertThat(find(Optional.empty(), new RegexPattern("key=[a-z]+"), 0))
        .containsExactly("pc.ram 4090 key=value");
    assertThat(find(Optional.empty(), new RegexPattern("\\xff\\xfe"), 0)).hasSize(1);
    assertThat(find(Optional.empty(), new RegexPattern("nothing|x*"), 0)).isEmpty();
  }

  @Test
  void stopsWhenAsked() {
    save.put(ram, 10, "aaaa".getBytes(US_ASCII));
    List<Long> found = new ArrayList<>();
    try (PageStore store = save.write(directory.resolve("save"), SaveFormat.MAPPED_RAM)) {
      new MemorySearch(store, Optional.empty(), text("a"), 0)
          .run(
              new Cancellation(),
              hit -> {
                found.add(hit.offset());
                return found.size() < 2;
              });
    }
    assertThat(found).containsExactly(10L, 11L);
  }

  /** Compared with a search that looks at each byte. */
  @Test
  void randomBytes() {
    Random random = new Random(4711);
    byte[] bytes = new byte[3 << 19];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) random.nextInt(4);
    }
    save.put(ram, 0, bytes);
    for (int length : new int[] {1, 2, 7, 9}) {
      byte[] pattern = new byte[length];
      for (int i = 0; i < length; i++) {
        pattern[i] = (byte) (1 + random.nextInt(3));
      }
      TreeSet<Long> wanted = new TreeSet<>();
      for (int at = 0; at + length <= bytes.length; at++) {
        int i = 0;
        while (i < length && bytes[at + i] == pattern[i]) {
          i++;
        }
        if (i == length) {
          wanted.add((long) at);
        }
      }
      TreeSet<Long> found = new TreeSet<>();
      try (PageStore store = save.write(directory.resolve("save"), SaveFormat.FIXED_RAM)) {
        new MemorySearch(store, Optional.empty(), new LiteralPattern(pattern), 0)
            .run(new Cancellation(), hit -> found.add(hit.offset()));
      }
      assertThat(found).as("of %d bytes", length).isEqualTo(wanted);
    }
  }
}
