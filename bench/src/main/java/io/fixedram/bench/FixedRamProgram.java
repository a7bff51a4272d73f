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

/** The commands of this program, each as a process of its own with the launcher's heap limit. */
record FixedRamProgram(Path directory, Cancellation cancellation) {
  private static final double MIB = 1 << 20;
  private static final double GIB = 1 << 30;

  /**
   * What a command told, and took.
   *
   * @param json the object that it printed
   * @param process how it went
   */
  record Outcome(Json json, ChildProcess.Result process) {

    /** A number that it told. */
    double number(String member) {
      if (json.get(member).raw() instanceof Number number) {
        return number.doubleValue();
      }
      throw new FixedRamException("fixedram told no number as '" + member + "'");
    }

    /**
     * The command as a measurement.
     *
     * @param seconds what its job took
     * @param pageBytes what its processor time is shared out to
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
  }

  /**
   * Runs a command with {@code --output json}.
   *
   * @throws FixedRamException with what it said, if it failed
   */
  Outcome run(String... words) {
    List<String> all = new ArrayList<>(ThisProgram.words());
    all.addAll(List.of(words));
    all.addAll(List.of("--output", "json", "--no-progress"));
    ChildProcess.Result result =
        ChildProcess.run(all, directory, cancellation).orThrow("fixedram " + words[0]);
    return new Outcome(Json.parse(result.out()), result);
  }
}
