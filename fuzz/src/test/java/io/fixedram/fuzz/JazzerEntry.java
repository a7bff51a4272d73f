// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import java.io.IOException;
import java.nio.file.Path;

/** What Jazzer calls: the target named by the property {@value #TARGET}. */
public final class JazzerEntry {
  static final String TARGET = "fixedram.fuzz.target";
  static final String DIRECTORY = "fixedram.fuzz.directory";

  private static final Oracle ORACLE = oracle();

  private JazzerEntry() {}

  private static Oracle oracle() {
    try {
      String target = System.getProperty(TARGET, "");
      return new Oracle(Targets.of(target, Path.of(System.getProperty(DIRECTORY, ""))));
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Has the target read an input. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    ORACLE.judge(input);
  }
}
