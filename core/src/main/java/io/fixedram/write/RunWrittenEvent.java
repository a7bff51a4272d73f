// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/** One run of pages written to its place in a fixed-offset file. */
@Name("io.fixedram.RunWritten")
@Label("Run Written")
@Description("A run of pages was written to its place in a fixed-offset file")
@Category("fixedram")
@StackTrace(false)
@Threshold("1 ms")
final class RunWrittenEvent extends Event {
  @Label("Block")
  String block = "";

  @Label("Offset in the Block")
  @DataAmount
  long offset;

  @Label("Length")
  @DataAmount
  long lengthBytes;

  void end(String name, long offsetInBlock, long length) {
    end();
    if (shouldCommit()) {
      block = name;
      offset = offsetInBlock;
      lengthBytes = length;
      commit();
    }
  }
}
