// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

/**
 * Whether QEMU has said that it is about to end in good order, as it does when its guest shuts down
 * or it is told to. Not thread-safe.
 */
public final class OrderlyEnd {
  private boolean announced;

  /**
   * Takes the next of QEMU's events. What tells of more to come from the guest revokes the
   * announcement: under -no-shutdown QEMU stops the guest after SHUTDOWN and stays, and the guest
   * can be reset and go on.
   */
  public void take(String event) {
    announced =
        switch (event) {
          case "SHUTDOWN" -> true;
          case "STOP", "RESET", "RESUME" -> false;
          default -> announced;
        };
  }

  public boolean announced() {
    return announced;
  }
}
