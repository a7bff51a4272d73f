// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/**
 * Flight Recorder event: a run of pages was read and passed to the target, which may write it
 * later.
 */
@Name("io.fixedram.RunSent")
@Label("Run Sent")
@Description("A run of pages was read and passed to the target, which may write it later")
@Category("fixedram")
@StackTrace(false)
@Threshold("1 ms")
final class RunSentEvent extends Event {
  @Label("Block")
  String block = "";

  @Label("Offset")
  @DataAmount
  long offset;

  @Label("Length")
  @DataAmount
  long lengthBytes;

  @Label("Content")
  @DataAmount
  @Description("Bytes of the run that are not in zero pages")
  long contentBytes;

  void end(String name, long offsetInBlock, long length, long content) {
    end();
    if (shouldCommit()) {
      block = name;
      offset = offsetInBlock;
      lengthBytes = length;
      contentBytes = content;
      commit();
    }
  }
}
