// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.result.RivalResult;
import io.fixedram.bench.result.Sample;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Runs rivals in turn, round after round, so that other load on the host affects all of them alike.
 * Each round begins with another rival and every second round is reversed, so that no rival always
 * follows the same one. A rival that fails is not run again, and the others go on.
 */
final class Contest {
  private final String name;
  private final BenchListener listener;
  private final Cancellation cancellation;

  Contest(String name, BenchListener listener, Cancellation cancellation) {
    this.name = name;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  /** A rival and its results so far. */
  private static final class Entrant {
    private final Rival rival;
    private final List<Sample> samples = new ArrayList<>();
    private Optional<String> failure = Optional.empty();

    Entrant(Rival rival) {
      this.rival = rival;
    }
  }

  List<RivalResult> run(List<? extends Rival> rivals, int rounds) {
    List<Entrant> entrants = rivals.stream().map(Entrant::new).toList();
    for (int round = 1; round <= rounds; round++) {
      for (Entrant entrant : order(entrants, round)) {
        if (entrant.failure.isEmpty()) {
          listener.step(name + ", round " + round + " of " + rounds + ": " + entrant.rival.name());
          run(entrant);
        }
      }
    }
    return entrants.stream()
        .map(each -> new RivalResult(each.rival.name(), each.samples, each.failure))
        .toList();
  }

  private static List<Entrant> order(List<Entrant> entrants, int round) {
    List<Entrant> order = new ArrayList<>(entrants);
    if (round % 2 == 0) {
      Collections.reverse(order);
    }
    Collections.rotate(order, entrants.size() * (round - 1) / 3);
    return order;
  }

  private void run(Entrant entrant) {
    cancellation.throwIfCancelled();
    try {
      entrant.samples.add(entrant.rival.run());
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      cancellation.throwIfCancelled();
      entrant.failure = Optional.of(e.sentence());
    }
  }
}
