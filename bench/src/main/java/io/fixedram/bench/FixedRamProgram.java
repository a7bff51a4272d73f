// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.host.ChildProcess;
import io.fixedram.bench.host.ThisProgram;
import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Sample;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs commands of this program as processes, by its launcher. */
record FixedRamProgram(Path directory, Cancellation cancellation) {
  private static final double MIB = 1 << 20;
  private static final double GIB = 1 << 30;

  /**
   * Result of a command.
   *
   * @param json the JSON object that it printed
   * @param process result of the process
   */
  record Outcome(Json json, ChildProcess.Result process) {

    /** A number in the JSON object. */
    double number(String member) {
      if (json.get(member).raw() instanceof Number number) {
        return number.doubleValue();
      }
      throw new FixedRamException("fixedram told no number as '" + member + "'");
    }

    /**
     * The result as a sample.
     *
     * @param seconds duration of the job
     * @param pageBytes bytes of pages to which the processor time is related; 0 for none
     */
    Sample sample(double seconds, double pageBytes) {
      Sample sample =
          Sample.of(Metric.SECONDS, seconds)
              .with(Metric.COMMAND_SECONDS, process.seconds())
              .with(Metric.PEAK_MIB, process.peakBytes() / MIB);
      return pageBytes > 0
          ? sample.with(Metric.CPU_SECONDS_PER_GIB, process.cpuSeconds() / (pageBytes / GIB))
          : sample;
    }

    /** A sample with the downtime of a live save. */
    Sample withDowntime(Sample sample) {
      double downtime = number("downtime_seconds");
      return sample
          .with(Metric.DOWNTIME_SECONDS, downtime)
          .with(Metric.DOWNTIME_SECONDS_PER_GIB, downtime / (number("page_bytes") / GIB));
    }
  }

  /**
   * Runs a command with {@code --output json}.
   *
   * @throws FixedRamException if the command failed, with its message
   */
  Outcome run(String... words) {
    List<String> all = new ArrayList<>(List.of(ThisProgram.launcher().toString()));
    all.addAll(List.of(words));
    all.addAll(List.of("--output", "json", "--no-progress"));
    ChildProcess.Result result =
        ChildProcess.run(all, directory, cancellation).orThrow("fixedram " + words[0]);
    return new Outcome(Json.parse(result.out()), result);
  }
}
