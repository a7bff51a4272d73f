// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight Recorder event: the final pass and the device state, sent while the guest is stopped. */
@Name("io.fixedram.Completion")
@Label("Migration Completion")
@Description("The final pass and the device state, while the guest is stopped")
@Category("fixedram")
@StackTrace(false)
final class CompletionEvent extends Event implements AutoCloseable {
  @Label("Remaining Memory")
  @DataAmount
  long remainingBytes;

  @Label("Device State")
  @DataAmount
  long deviceStateBytes;

  @Override
  public void close() {
    commit();
  }
}
