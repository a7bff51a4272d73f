// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Properties of the host that results depend on.
 *
 * @param facts properties by name, in display order
 */
public record HostFacts(Map<String, String> facts) {

  /** The properties of this host, and of the file system of a directory. */
  public static HostFacts of(Path directory) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    facts.put(
        "processors",
        Runtime.getRuntime().availableProcessors() + " x " + value("/proc/cpuinfo", "model name"));
    facts.put("memory", value("/proc/meminfo", "MemTotal"));
    facts.put("load before", firstWords(text(Path.of("/proc/loadavg"))));
    facts.put("kernel", System.getProperty("os.version", "unknown"));
    facts.put("java", Runtime.version().toString());
    facts.put("directory", directory.toString());
    facts.put("file system", fileSystem(directory));
    return new HostFacts(facts);
  }

  /** A copy with one more property. */
  public HostFacts with(String name, String fact) {
    Map<String, String> more = new LinkedHashMap<>(facts);
    more.put(name, fact);
    return new HostFacts(more);
  }

  private static String fileSystem(Path directory) {
    try {
      return Files.getFileStore(directory).type();
    } catch (IOException e) {
      throw new StorageException("cannot look at " + directory + ": " + e.getMessage(), e);
    }
  }

  /** The first three words, which are the load averages. */
  private static String firstWords(String loadavg) {
    return String.join(" ", List.of(loadavg.split(" ", -1)).subList(0, 3));
  }

  private static String value(String file, String key) {
    return text(Path.of(file))
        .lines()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unknown");
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
