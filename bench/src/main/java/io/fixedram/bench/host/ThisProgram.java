// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import io.fixedram.error.FixedRamException;
import java.nio.file.Path;
import java.util.Optional;

/** The launcher that started this process, for running other commands as users run them. */
public final class ThisProgram {
  /** The system property in which the launcher passes its own path. */
  private static final String LAUNCHER = "fixedram.launcher";

  private ThisProgram() {}

  /**
   * Path of the launcher, to which a command and its options are to be appended.
   *
   * @throws FixedRamException if this process was not started by the launcher
   */
  public static Path launcher() {
    return Optional.ofNullable(System.getProperty(LAUNCHER))
        .map(Path::of)
        .orElseThrow(() ->
            new FixedRamException(
                "this process was not started by the launcher: start ./fixedram, which it can start"
                    + " again"));
  }
}
