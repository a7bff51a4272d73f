// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Words that do not fit into memory. */
class WordFileTest {
  /** Four times as many pieces as are in memory. */
  private static final int WORDS = 4 * 512 * 512;

  @Test
  void keepsWhatWasPut() throws IOException {
    Map<Long, Long> expected = new HashMap<>();
    Random random = new Random(3);
    try (WordFile words = new WordFile()) {
      for (int i = 0; i < 20_000; i++) {
        long index = random.nextInt(4) == 0 ? random.nextLong(WORDS) : i;
        long word = random.nextLong();
        words.put(index, word);
        expected.put(index, word);
        long other = random.nextLong(WORDS);
        assertThat(words.get(other)).isEqualTo(expected.getOrDefault(other, 0L));
      }
      expected.forEach((index, word) -> assertThat(words.get(index)).isEqualTo(word));
    }
    // One that another test makes just now is gone in a moment.
    long untilNanos = System.nanoTime() + 10_000_000_000L;
    while (indexFiles().stream().anyMatch(Files::exists)) {
      assertThat(System.nanoTime()).as("index files stay").isLessThan(untilNanos);
    }
  }

  private static List<Path> indexFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files.filter(path -> path.toString().endsWith(".index")).toList();
    }
  }
}
