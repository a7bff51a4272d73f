// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.transfer.ServingState;
import java.util.ArrayList;
import java.util.List;

/** Formats the progress of a transfer as one line. */
final class ProgressLine {
  private static final int MIN_BAR = 10;
  private static final int LARGEST_BAR = 30;
  private static final int CTRL_C_COLUMNS = 3;
  private static final String GAP = "  ";

  private ProgressLine() {}

  /**
   * The line for a terminal: a bar and as many facts as fit, the most important first. Leaves space
   * for the ^C that a terminal echoes.
   */
  static String bar(ProgressState state, int columns, boolean unicode) {
    int room = columns - CTRL_C_COLUMNS;
    List<String> facts = facts(state, true);
    if (state.ramBytes() <= 0) {
      return cut(join(state.phase(), facts), room);
    }
    String lead = state.phase() + " ";
    String percent = " " + percent(state);
    int fixed = lead.length() + percent.length();
    if (fixed + MIN_BAR > room) {
      return cut(lead + percent.strip(), room);
    }
    StringBuilder tail = new StringBuilder(percent);
    for (String fact : facts) {
      if (lead.length() + MIN_BAR + tail.length() + GAP.length() + fact.length() > room) {
        break;
      }
      tail.append(GAP).append(fact);
    }
    int width = Math.min(LARGEST_BAR, room - lead.length() - tail.length());
    int full = (int) (width * share(state));
    return lead
        + (unicode ? "█" : "#").repeat(full)
        + (unicode ? "░" : ".").repeat(width - full)
        + tail;
  }

  /** The line for a log, with all facts. */
  static String plain(ProgressState state) {
    return join(
        state.ramBytes() <= 0 ? state.phase() : state.phase() + ": " + percent(state).strip(),
        facts(state, false));
  }

  /** The facts, the most important first. */
  private static List<String> facts(ProgressState state, boolean brief) {
    List<String> facts = new ArrayList<>();
    state.serving().ifPresent(serving -> addServing(facts, serving));
    if (state.ramBytes() > 0) {
      facts.add(
          brief
              ? Amounts.bytesOf(state.doneBytes(), state.ramBytes())
              : Amounts.bytes(Math.min(state.doneBytes(), state.ramBytes()))
                  + " of "
                  + Amounts.bytes(state.ramBytes()));
    }
    if (state.bytesPerSecond() > 0) {
      facts.add(Amounts.bytes(state.bytesPerSecond()) + "/s");
    }
    if (state.secondsLeft().isPresent()) {
      facts.add(Amounts.clock(state.secondsLeft().getAsLong()) + " left");
    }
    if (state.passes() > 1) {
      facts.add("pass " + state.passes());
    }
    if (state.dirtyPagesPerSecond() > 0) {
      String pages = Amounts.count(state.dirtyPagesPerSecond());
      facts.add(brief ? "dirty " + pages + "/s" : "the guest writes to " + pages + " pages/s");
    }
    return facts;
  }

  private static void addServing(List<String> facts, ServingState serving) {
    if (serving.runningSeconds().isPresent()) {
      facts.add("running after " + Amounts.seconds(serving.runningSeconds().getAsDouble()));
    }
    if (serving.faultMedianSeconds().isPresent() && serving.faultP99Seconds().isPresent()) {
      facts.add(
          Amounts.count(serving.faults())
              + " faults, median "
              + Amounts.seconds(serving.faultMedianSeconds().getAsDouble())
              + ", 99% below "
              + Amounts.seconds(serving.faultP99Seconds().getAsDouble()));
    }
  }

  private static double share(ProgressState state) {
    return Math.clamp((double) state.doneBytes() / state.ramBytes(), 0.0, 1.0);
  }

  /** Percentage in four characters, so that the line does not move; 100% only at the end. */
  private static String percent(ProgressState state) {
    String number = Integer.toString((int) (100 * share(state)));
    return " ".repeat(3 - number.length()) + number + "%";
  }

  private static String join(String lead, List<String> facts) {
    return facts.isEmpty() ? lead : lead + ", " + String.join(", ", facts);
  }

  private static String cut(String line, int room) {
    return line.length() > room ? line.substring(0, room) : line;
  }
}
