// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight Recorder event: the header was written to the target and the dirty log started. */
@Name("io.fixedram.Setup")
@Label("Migration Setup")
@Description("The header is written to the target and the dirty log is started")
@Category("fixedram")
@StackTrace(false)
final class SetupEvent extends Event implements AutoCloseable {
  @Label("Total Memory")
  @DataAmount
  long totalBytes;

  @Override
  public void close() {
    commit();
  }
}
