// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * Flight Recorder event: one pass over the memory of a running guest and the following read of the
 * dirty log.
 */
@Name("io.fixedram.Pass")
@Label("Migration Pass")
@Description("One pass over the memory of a running guest")
@Category("fixedram")
@StackTrace(false)
final class PassEvent extends Event implements AutoCloseable {
  @Label("Pass")
  long pass;

  @Label("Content Sent")
  @DataAmount
  long contentBytes;

  @Label("Dirty Meanwhile")
  @DataAmount
  long remainingBytes;

  @Override
  public void close() {
    commit();
  }
}
