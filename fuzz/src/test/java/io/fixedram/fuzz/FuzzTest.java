// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** All targets read all stored inputs, and some thousand changes of them. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FuzzTest {
  private static final Path CORPUS = Path.of("corpus");
  private static final long MAX_CORPUS_BYTES = 300_000;
  private static final long TIME_NANOS = 1_200_000_000;
  private static final int MAX_CASES = 3000;

  @TempDir Path directory;

  static List<String> names() {
    return Targets.NAMES;
  }

  private static List<Path> stored(Path from) throws IOException {
    if (!Files.isDirectory(from)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(from)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void storedInputsAreRefusedOrRead(String name) throws Exception {
    Oracle oracle = new Oracle(Targets.of(name, directory));
    for (Path file : stored(CORPUS.resolve(name))) {
      try {
        oracle.judge(Files.readAllBytes(file));
      } catch (Exception | Error e) {
        throw new AssertionError(file + ": " + e.getMessage(), e);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void seedsAreReadAndTheirChangesRefusedOrRead(String name) throws Exception {
    FuzzTarget target = Targets.of(name, directory);
    Oracle oracle = new Oracle(target);
    List<byte[]> inputs = new ArrayList<>(target.seeds());
    for (Path file : stored(CORPUS.resolve(name))) {
      inputs.add(Files.readAllBytes(file));
    }
    for (byte[] input : inputs) {
      oracle.judge(input);
    }
    assertThat(oracle.accepted()).as("inputs that are valid").isPositive();
    Mutations mutations = new Mutations(1, inputs);
    long endNanos = System.nanoTime() + TIME_NANOS;
    for (int i = 0; i < MAX_CASES && System.nanoTime() < endNanos; i++) {
      byte[] input = mutations.next();
      try {
        oracle.judge(input);
      } catch (Exception | Error e) {
        Path kept = Files.createDirectories(Path.of("target", "findings")).resolve(name + "-" + i);
        Files.write(kept, input);
        throw new AssertionError(kept + ": " + e, e);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyTargetHasStoredInputs(String name) throws IOException {
    assertThat(stored(CORPUS.resolve(name))).isNotEmpty();
  }

  @Test
  void corpusIsSmall() throws IOException {
    long bytes = 0;
    for (Path file : stored(CORPUS)) {
      bytes += Files.size(file);
    }
    assertThat(bytes).isBetween(1L, MAX_CORPUS_BYTES);
  }
}
