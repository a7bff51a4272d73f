// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.command.ExitStatus;
import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.OutputException;
import io.fixedram.cli.console.RemedyText;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.UntrustedSaveException;

/** Reports failures: the only place that maps them to sentences and exit statuses. */
final class Failures {
  private Failures() {}

  /** Reports the failure of a command and returns its exit status. */
  static int tell(Throwable failure, Console console) {
    if (isNativeAccessRefused(failure)) {
      console.failure(
          "Java does not let it call the operating system:"
              + " start it with --enable-native-access=io.fixedram.core");
      return ExitStatus.FAILED;
    }
    return switch (failure) {
      case CancelledException _ -> {
        tellAfterwards(
            console.hasWarned() || console.whatIsDone().isPresent()
                ? "interrupted"
                : "interrupted, and everything put back",
            console);
        yield ExitStatus.INTERRUPTED;
      }
      case DamagedSaveException e -> {
        tellAfterwards(sentence(e), console);
        yield ExitStatus.DAMAGED;
      }
      case UntrustedSaveException e -> {
        tellAfterwards(sentence(e), console);
        yield ExitStatus.DAMAGED;
      }
      case OutputException e -> {
        tellAfterwards(sentence(e), console);
        yield e.interrupted() ? ExitStatus.INTERRUPTED : ExitStatus.FAILED;
      }
      case FixedRamException e -> {
        tellAfterwards(sentence(e), console);
        yield ExitStatus.FAILED;
      }
      case OutOfMemoryError e -> {
        tellAfterwards(
            "out of memory ("
                + e.getMessage()
                + "): the Java heap of "
                + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB is too small for this; set _JAVA_OPTIONS=-Xmx1g and try again",
            console);
        yield ExitStatus.FAILED;
      }
      default -> {
        console.trace(failure);
        tellAfterwards(
            "internal error ("
                + failure
                + "): this is a mistake in fixedram, please report it with what -v prints",
            console);
        yield ExitStatus.FAILED;
      }
    };
  }

  /**
   * Reports a failure after what the command has completed, which a later failure must not hide.
   */
  private static void tellAfterwards(String failure, Console console) {
    console.failure(console.whatIsDone().map(done -> done + ", but ").orElse("") + failure);
  }

  private static String sentence(FixedRamException failure) {
    return RemedyText.sentence(failure.reason());
  }

  /**
   * Whether native access was refused; thrown by the first native call, often inside a class
   * initializer.
   */
  private static boolean isNativeAccessRefused(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof IllegalCallerException) {
        return true;
      }
    }
    return false;
  }
}
