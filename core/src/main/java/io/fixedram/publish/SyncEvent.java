// SPDX-License-Identifier: Apache-2.0
package io.fixedram.publish;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** What was written was brought onto its device. */
@Name("io.fixedram.Sync")
@Label("Sync")
@Description("What was written to a save is brought onto its device")
@Category("fixedram")
@StackTrace(false)
final class SyncEvent extends Event implements AutoCloseable {
  @Label("File")
  String file = "";

  @Override
  public void close() {
    commit();
  }
}
