// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.console.Console;
import io.fixedram.cli.console.OutputException;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;

/** Tells of failures: the one place that gives each its sentence and its exit status. */
final class Failures {
  private Failures() {}

  /** Tells why a command failed. */
  static int tell(Throwable failure, Console console) {
    if (isNativeAccessRefused(failure)) {
      console.failure(
          "Java does not let it call the operating system:"
              + " start it with --enable-native-access=io.fixedram.core");
      return ExitStatus.FAILED;
    }
    return switch (failure) {
      case CancelledException _ -> {
        console.failure(
            console.hasWarned() ? "interrupted" : "interrupted, and everything put back");
        yield ExitStatus.INTERRUPTED;
      }
      case DamagedSaveException e -> {
        console.failure(sentence(e));
        yield ExitStatus.DAMAGED;
      }
      case OutputException e -> {
        console.failure(console.whatIsDone().map(done -> done + ", but ").orElse("") + sentence(e));
        yield e.interrupted() ? ExitStatus.INTERRUPTED : ExitStatus.FAILED;
      }
      case FixedRamException e -> {
        console.failure(sentence(e));
        yield ExitStatus.FAILED;
      }
      case OutOfMemoryError e -> {
        console.failure(
            "out of memory ("
                + e.getMessage()
                + "): the Java heap of "
                + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB is too small for this; set _JAVA_OPTIONS=-Xmx1g and try again");
        yield ExitStatus.FAILED;
      }
      default -> {
        console.trace(failure);
        console.failure(
            "internal error ("
                + failure
                + "): this is a mistake in fixedram, please report it with what -v prints");
        yield ExitStatus.FAILED;
      }
    };
  }

  private static String sentence(FixedRamException failure) {
    return String.valueOf(failure.getMessage());
  }

  /** It is thrown where the first native call is prepared, often inside a class initialiser. */
  private static boolean isNativeAccessRefused(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof IllegalCallerException) {
        return true;
      }
    }
    return false;
  }
}
