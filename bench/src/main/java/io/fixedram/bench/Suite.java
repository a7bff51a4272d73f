// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The parts of a benchmark, in the order in which they run. */
public enum Suite {
  /** A guest into a durable file. */
  SAVE("a guest into a file, on disk when it is done unless named otherwise"),
  /** The guest back. */
  RESTORE("the guest back, stopped when it was saved"),
  /** A guest that goes on writing. */
  GROWTH("the file of a guest that keeps dirtying its memory, at a limited bandwidth"),
  /** One format into another, and a look into a file. */
  CONVERT("a save into another format, and a look into it"),
  /** Memory of this process into a durable file. */
  ENGINE("memory of this process into a file, on disk when it is done"),
  /** Many guests from one save. */
  CLONES("guests started at once from one save");

  private final String title;

  Suite(String title) {
    this.title = title;
  }

  /** The name that users type and read. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What it compares. */
  String title() {
    return title;
  }

  /** Whether it needs a guest that runs, or a save of one. */
  boolean needsSaves() {
    return this != GROWTH && this != ENGINE;
  }

  /** The suite of that name. */
  public static Optional<Suite> parse(String text) {
    return Arrays.stream(values()).filter(suite -> suite.text().equals(text)).findFirst();
  }
}
