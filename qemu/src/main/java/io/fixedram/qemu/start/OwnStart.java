// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.start;

import io.fixedram.os.SmallFile;
import io.fixedram.qemu.process.Launch;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The library's own starters of QEMU. */
final class OwnStart {
  private static final Path NOWHERE = Path.of("/dev/null");
  private static final int MAX_QUOTED_CHARS = 2000;

  private OwnStart() {}

  static StartedQemu inheriting(List<String> words) {
    return new StartedQemu(
        launch(words)
            .withStreams(Redirect.from(NOWHERE.toFile()), Redirect.INHERIT, Redirect.INHERIT)
            .start(),
        () -> "; its own output says why",
        () -> {});
  }

  static StartedQemu logging(List<String> words, Path log) {
    return new StartedQemu(launch(words).withLog(log).start(), () -> quoted(log), () -> {});
  }

  private static Launch launch(List<String> words) {
    return Launch.of(words).called("QEMU");
  }

  /** The end of a log, which has the reason for a failure. */
  private static String quoted(Path log) {
    try {
      String text = SmallFile.end(log, 4 * MAX_QUOTED_CHARS, StandardCharsets.UTF_8).strip();
      String end = text.substring(Math.max(0, text.length() - MAX_QUOTED_CHARS));
      return end.isEmpty() ? "; " + log + " is empty" : ": " + end + " (from " + log + ")";
    } catch (IOException e) {
      return "; its own message is in " + log;
    }
  }
}
