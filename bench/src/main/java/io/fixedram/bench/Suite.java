// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The suites of a benchmark, in the order in which they run. */
public enum Suite {
  /** Saving a guest to a durable file. */
  SAVE("a guest saved to a file, on disk at the end unless named otherwise"),
  /** Restoring a guest. */
  RESTORE("a guest restored that was stopped when it was saved"),
  /** Growth of the file of a guest that keeps writing. */
  GROWTH("the file of a guest that keeps dirtying its memory, at a limited bandwidth"),
  /** Conversion and info. */
  CONVERT("a save converted to another format, and info"),
  /** Saving memory of this process to a durable file. */
  ENGINE("memory of this process saved to a file, on disk at the end"),
  /** Many guests from one save. */
  CLONES("guests started at once from one save");

  private final String title;

  Suite(String title) {
    this.title = title;
  }

  /** Name of the suite in options and results. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Description of the comparison. */
  String title() {
    return title;
  }

  /** Whether the suite needs a running guest or a save of one. */
  boolean needsSaves() {
    return this != GROWTH && this != ENGINE;
  }

  /** The suite with a name. */
  public static Optional<Suite> parse(String text) {
    return Arrays.stream(values()).filter(suite -> suite.text().equals(text)).findFirst();
  }
}
