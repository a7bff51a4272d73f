// SPDX-License-Identifier: Apache-2.0
package io.fixedram.publish;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Flight Recorder event: the content of a save is synced to its device. */
@Name("io.fixedram.Sync")
@Label("Sync")
@Description("The content of a save is synced to its device")
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
