// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.RivalResult;
import io.fixedram.bench.result.Sample;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rivals take turns, and one that fails does not hold up the others. */
class ContestTest {
  private final List<String> turns = new ArrayList<>();
  private final Cancellation cancellation = new Cancellation();

  private static final class Silent implements BenchListener {
    @Override
    public void step(String what) {}

    @Override
    public void warning(String sentence) {}
  }

  private Contest contest() {
    return new Contest("test", new Silent(), cancellation);
  }

  private Rival rival(String name) {
    return Rival.of(
        name,
        () -> {
          turns.add(name);
          return Sample.of(Metric.SECONDS, turns.size());
        });
  }

  @Test
  void roundsAreInterleavedAndBeginWithOneAfterTheOther() {
    List<RivalResult> results = contest().run(List.of(rival("a"), rival("b")), 3);
    assertThat(turns).containsExactly("a", "b", "b", "a", "b", "a");
    assertThat(results.getLast().samples())
        .extracting(sample -> sample.values().get(Metric.SECONDS))
        .containsExactly(2.0, 3.0, 5.0);
  }

  @Test
  void oneThatFailsTakesPartNoMore() {
    Rival failing =
        Rival.of(
            "bad",
            () -> {
              if (turns.contains("bad")) {
                throw new FixedRamException("it is broken");
              }
              turns.add("bad");
              return Sample.of(Metric.SECONDS, 1);
            });
    List<RivalResult> results = contest().run(List.of(failing, rival("a")), 3);
    assertThat(turns).containsExactly("bad", "a", "a", "a");
    assertThat(results.getFirst().failure()).contains("it is broken");
    assertThat(results.getFirst().samples()).hasSize(1);
    assertThat(results.getLast().failure()).isEmpty();
  }

  @Test
  void cancellationEndsItWhateverTheRivalSays() {
    Rival cancelled =
        Rival.of(
            "c",
            () -> {
              cancellation.cancel();
              throw new FixedRamException("QEMU is gone");
            });
    assertThatThrownBy(() -> contest().run(List.of(cancelled, rival("a")), 3))
        .isInstanceOf(CancelledException.class);
    assertThat(turns).isEmpty();
  }
}
