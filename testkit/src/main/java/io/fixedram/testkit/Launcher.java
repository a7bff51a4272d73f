// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs the real command, {@code ./fixedram} of this source tree, as a process. */
public final class Launcher implements AutoCloseable {
  private static final Path SCRIPT = Path.of("..", "fixedram").toAbsolutePath().normalize();
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration BUILD_TIME = Duration.ofMinutes(8);

  private final List<String> words;
  private final Process process;
  private final Path out;
  private final Path err;

  /** Exit status and output of a command. */
  public record Result(int status, String out, String err) {}

  private Launcher(List<String> words, Process process, Path out, Path err) {
    this.words = words;
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /** Lets the launcher build missing parts, so that no test waits for that. */
  public static void build() throws IOException, InterruptedException {
    build("--version");
  }

  /**
   * Lets the launcher build the parts that a command needs.
   *
   * @param words a call of the command that has no effect
   */
  public static void build(String... words) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Stream.concat(Stream.of(SCRIPT.toString()), Arrays.stream(words)).toList())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(BUILD_TIME.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
  }

  /** The words that start the command in a shell. */
  public static String quoted() {
    return "'" + SCRIPT + "'";
  }

  /** Starts a command; its output goes to files beside, not into, the given directory. */
  public static Launcher start(Path directory, Object... words) throws IOException {
    List<String> command = new ArrayList<>();
    // SIGINT may be ignored in this process, as in background jobs of shells.
    command.addAll(List.of("env", "--default-signal=INT", SCRIPT.toString()));
    for (Object word : words) {
      command.add(word.toString());
    }
    return startCommand(directory, command);
  }

  /** Starts a shell command line. */
  public static Launcher shell(Path directory, String line) throws IOException {
    return startCommand(directory, List.of("/bin/bash", "-c", line));
  }

  private static Launcher startCommand(Path directory, List<String> command) throws IOException {
    Path out = Files.createTempFile(directory.toAbsolutePath().getParent(), "out-", ".txt");
    Path err = Files.createTempFile(directory.toAbsolutePath().getParent(), "err-", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    return new Launcher(command, process, out, err);
  }

  /** Runs a command to its end. */
  public static Result run(Path directory, Object... words)
      throws IOException, InterruptedException {
    try (Launcher launcher = start(directory, words)) {
      return launcher.result();
    }
  }

  /** Waits for the end. */
  public Result result() throws IOException, InterruptedException {
    return result(PATIENCE);
  }

  /** Waits for the end, for at most a given time. */
  public Result result(Duration patience) throws IOException, InterruptedException {
    boolean ended = process.waitFor(patience.toSeconds(), TimeUnit.SECONDS);
    Result result =
        new Result(ended ? process.exitValue() : -1, Files.readString(out), Files.readString(err));
    assertThat(ended).as("%s has not ended: %s", words, result).isTrue();
    return result;
  }

  /** Waits for the end; returns the peak resident memory of the process in MiB. */
  public long peakMebibytes() throws IOException, InterruptedException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    long peakKibibytes = 0;
    while (!process.waitFor(5, TimeUnit.MILLISECONDS)) {
      try (Stream<String> lines = Files.lines(status)) {
        peakKibibytes =
            lines
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .max()
                .orElse(peakKibibytes);
      } catch (NoSuchFileException | UncheckedIOException e) {
        // It has just ended.
      }
    }
    assertThat(result().status()).as(result().err()).isZero();
    return peakKibibytes >> 10;
  }

  public boolean isRunning() {
    return process.isAlive();
  }

  /** All running descendants of the process. */
  public List<ProcessHandle> descendants() {
    return process.descendants().toList();
  }

  /** Standard output so far. */
  public String out() throws IOException {
    return Files.readString(out);
  }

  /** Standard error so far. */
  public String err() throws IOException {
    return Files.readString(err);
  }

  /** Sends a signal to the process. */
  public void signal(String name) throws IOException, InterruptedException {
    int status =
        new ProcessBuilder("kill", "-s", name, Long.toString(process.pid())).start().waitFor();
    assertThat(status).isZero();
  }

  /** Kills the process, and not its descendants, if it has not ended yet. */
  public void kill() {
    process.destroyForcibly();
  }

  /** Kills the process and its descendants, and removes the files of its output. */
  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().onExit().join();
    try {
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
