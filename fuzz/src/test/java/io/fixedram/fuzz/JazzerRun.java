// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One run of Jazzer on one target, in a process of its own with a small heap. */
final class JazzerRun {
  static final String HEADINGS =
      "| target | cases | CPU minutes | edges at first | after 1/3 | after 2/3 | at the end"
          + " | last new edge after | findings |\n|---|---|---|---|---|---|---|---|---|";

  /** Far more than any good input takes, also on a busy host with the lowest priority. */
  private static final int MAX_SECONDS_OF_AN_INPUT = 60;

  private static final int MAX_INPUT_BYTES = 16_384;

  /** A line of libFuzzer: number of cases, and edges. */
  private static final Pattern PROGRESS = Pattern.compile("#(\\d+)\\t(\\w+) +cov: (\\d+) .*");

  /** What the line begins with once all inputs to begin with were read. */
  private static final String ALL_READ = "INITED";

  private final String name;
  private final Path directory;
  private final int seconds;
  private final List<Sample> samples = new ArrayList<>();
  private final List<String> findings = new ArrayList<>();
  private Duration cpu = Duration.ZERO;

  /** Edges at a time. */
  private record Sample(double seconds, long cases, long edges) {}

  /**
   * What came of a run.
   *
   * @param name the target
   * @param lastEdgeSeconds seconds after the start until the last new edge was reached
   */
  record Result(
      String name,
      long cases,
      Duration cpu,
      long seedEdges,
      long thirdEdges,
      long twoThirdsEdges,
      long edges,
      double lastEdgeSeconds,
      List<String> findings) {
    /** A row of a table. */
    String row() {
      return "| %s | %d | %.1f | %d | %d | %d | %d | %.0f s | %s |"
          .formatted(
              name,
              cases,
              cpu.toMillis() / 60_000.0,
              seedEdges,
              thirdEdges,
              twoThirdsEdges,
              edges,
              lastEdgeSeconds,
              findings.isEmpty() ? "none" : String.join(", ", findings));
    }
  }

  JazzerRun(String name, Path directory, int seconds) {
    this.name = name;
    this.directory = directory;
    this.seconds = seconds;
  }

  Result run() throws IOException, InterruptedException {
    Path corpus = Files.createDirectories(directory.resolve("corpus"));
    Process process = new ProcessBuilder(command(corpus)).redirectErrorStream(true).start();
    long startNanos = System.nanoTime();
    try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8);
        PrintStream log =
            new PrintStream(
                Files.newOutputStream(directory.resolve("log")), true, StandardCharsets.UTF_8)) {
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        log.println(line);
        cpu = process.info().totalCpuDuration().orElse(cpu);
        read(line, (System.nanoTime() - startNanos) / 1e9);
      }
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroy();
    }
    int status = process.waitFor();
    if (status != 0 && findings.isEmpty()) {
      findings.add("exit status " + status + ", see " + directory.resolve("log"));
    }
    return result();
  }

  private List<String> command(Path corpus) {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    words.addAll(
        List.of(
            "-Xmx192m",
            "-XX:+UseSerialGC",
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-D" + JazzerEntry.TARGET + "=" + name,
            "-D" + JazzerEntry.DIRECTORY + "=" + directory.resolve("files").toAbsolutePath(),
            "-cp",
            System.getProperty("java.class.path", ""),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + JazzerEntry.class.getName(),
            "--instrumentation_includes=io.fixedram.**",
            "--instrumentation_excludes=io.fixedram.fuzz.**:io.fixedram.testing.**",
            "--custom_hook_excludes=io.fixedram.fuzz.**",
            "--reproducer_path=" + directory.toAbsolutePath(),
            "-artifact_prefix=" + directory.toAbsolutePath() + "/",
            "-max_len=" + MAX_INPUT_BYTES,
            "-timeout=" + MAX_SECONDS_OF_AN_INPUT,
            "-rss_limit_mb=3072",
            "-max_total_time=" + seconds,
            "-seed=1",
            corpus.toString(),
            directory.resolve("seeds").toString()));
    Path stored = Path.of("corpus", name);
    if (Files.isDirectory(stored)) {
      words.add(stored.toString());
    }
    return words;
  }

  private void read(String line, double after) {
    Matcher progress = PROGRESS.matcher(line);
    if (progress.matches()) {
      if (progress.group(2).equals(ALL_READ)) {
        samples.clear();
      }
      samples.add(
          new Sample(after, Long.parseLong(progress.group(1)), Long.parseLong(progress.group(3))));
    } else if (line.startsWith("== Java Exception: ")) {
      findings.add(line.substring("== Java Exception: ".length()));
    } else if (line.contains("ERROR: libFuzzer: ")) {
      findings.add(line.substring(line.indexOf("libFuzzer: ")));
    }
  }

  private Result result() {
    if (samples.isEmpty()) {
      samples.add(new Sample(0, 0, 0));
    }
    Sample last = samples.getLast();
    double start = samples.getFirst().seconds;
    double lastEdge =
        samples.stream()
            .filter(sample -> sample.edges == last.edges)
            .mapToDouble(Sample::seconds)
            .findFirst()
            .orElse(0);
    return new Result(
        name,
        last.cases,
        cpu,
        samples.getFirst().edges,
        edgesAt(start + (last.seconds - start) / 3),
        edgesAt(start + 2 * (last.seconds - start) / 3),
        last.edges,
        lastEdge - start,
        findings);
  }

  private long edgesAt(double time) {
    return samples.stream()
        .filter(sample -> sample.seconds <= time)
        .mapToLong(Sample::edges)
        .reduce(0, (_, next) -> next);
  }
}
