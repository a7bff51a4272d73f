// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight Recorder event: the call that stops the guest. */
@Name("io.fixedram.Stop")
@Label("Guest Stop")
@Description("The call that stops the guest")
@Category("fixedram")
@StackTrace(false)
final class StopEvent extends Event implements AutoCloseable {
  @Override
  public void close() {
    commit();
  }
}
