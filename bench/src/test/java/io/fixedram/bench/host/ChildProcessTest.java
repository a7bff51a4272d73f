// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs of others, run to their end. */
@Timeout(60)
class ChildProcessTest {
  @TempDir Path directory;

  private ChildProcess.Result shell(String line) {
    return ChildProcess.run(List.of("/bin/sh", "-c", line), directory, new Cancellation());
  }

  @Test
  void tellsWhatAProgramSaidAndTook() {
    ChildProcess.Result result =
        shell("echo out; echo err >&2; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 3");
    assertThat(result.status()).isEqualTo(3);
    assertThat(result.out()).isEqualTo("out\n");
    assertThat(result.err()).isEqualTo("err\n");
    assertThat(result.seconds()).isPositive();
    assertThat(result.cpuSeconds()).isPositive();
    assertThat(result.peakBytes()).isPositive();
  }

  @Test
  void failureHasTheLastLine() {
    assertThatThrownBy(() -> shell("echo first >&2; echo the reason >&2; exit 4").orThrow("it"))
        .isInstanceOf(FixedRamException.class)
        .hasMessage("it failed with status 4: the reason");
    assertThat(shell("true").orThrow("it").status()).isZero();
  }

  @Test
  void programsSpeakTheLanguageThatIsReadHere() {
    assertThat(shell("echo \"$LC_ALL ${LANGUAGE-none}\"").out()).isEqualTo("C.UTF-8 none\n");
  }

  @Test
  void aProgramThatIsNotThereIsNamed() {
    assertThatThrownBy(() ->
            ChildProcess.run(List.of("/no/such/program"), directory, new Cancellation())
                .orThrow("it"))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("/no/such/program");
  }

  @Test
  void muchOutputIsKeptInPart() {
    assertThat(shell("head -c 9000000 /dev/zero").out()).hasSize(4 << 20);
  }

  @Test
  void cancellationEndsIt() throws Exception {
    Cancellation cancellation = new Cancellation();
    Path started = directory.resolve("started");
    CompletableFuture<ChildProcess.Result> running =
        CompletableFuture.supplyAsync(() ->
            ChildProcess.run(
                List.of("/bin/sh", "-c", "touch started; exec sleep 600"),
                directory,
                cancellation));
    while (!Files.exists(started)) {
      Thread.sleep(5);
    }
    cancellation.cancel();
    assertThatThrownBy(running::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(CancelledException.class);
  }

  /** Neither one that ignores the signal nor what it has started keeps anybody waiting. */
  @Test
  void cancellationEndsAProgramThatDoesNotHear() throws Exception {
    for (String line :
        List.of(
            "trap '' TERM; touch started; while :; do sleep 600; done",
            "sleep 20 & touch started; exit 0")) {
      Cancellation cancellation = new Cancellation();
      Path started = directory.resolve("started");
      CompletableFuture<ChildProcess.Result> running =
          CompletableFuture.supplyAsync(
              () -> ChildProcess.run(List.of("/bin/sh", "-c", line), directory, cancellation));
      while (!Files.exists(started)) {
        Thread.sleep(5);
      }
      Thread.sleep(200);
      long start = System.nanoTime();
      cancellation.cancel();
      assertThatThrownBy(running::join).hasCauseInstanceOf(CancelledException.class);
      assertThat(System.nanoTime() - start).isLessThan(4_000_000_000L);
      Files.delete(started);
    }
  }
}
