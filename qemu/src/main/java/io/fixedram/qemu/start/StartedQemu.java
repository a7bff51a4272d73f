// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.start;

import java.util.function.Supplier;

/**
 * A QEMU that was started.
 *
 * @param process the process that was started, which is QEMU or ends when QEMU does
 * @param lastWords what QEMU has said, or where that is, as the end of the sentence that says how
 *     it failed: {@code ": no such device"}, {@code "; see vm.log"}; asked for after QEMU has ended
 * @param whenEnded run when QEMU was seen to have ended, perhaps more than once, by any thread;
 *     must be quick and not throw
 */
public record StartedQemu(Process process, Supplier<String> lastWords, Runnable whenEnded) {
  /** One whose output the caller knows where to find. */
  public static StartedQemu of(Process process) {
    return new StartedQemu(process, () -> "; its own output says why", () -> {});
  }
}
