// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.start;

import java.util.function.Supplier;

/**
 * A QEMU that was started.
 *
 * @param process the started process, which is QEMU or ends when QEMU does
 * @param outputClause QEMU's output or its location, as a clause to append to a failure: {@code ":
 *     no such device"}, {@code "; see vm.log"}; called after QEMU has ended
 * @param whenEnded called after QEMU has ended, perhaps more than once and by any thread; must be
 *     quick and not throw
 */
public record StartedQemu(Process process, Supplier<String> outputClause, Runnable whenEnded) {
  /** A QEMU whose output is not captured. */
  public static StartedQemu of(Process process) {
    return new StartedQemu(process, () -> "; its own output says why", () -> {});
  }
}
