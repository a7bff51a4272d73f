// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.load;

/**
 * Tracks whether QEMU has announced an orderly end, as it does when its guest shuts down or it is
 * told to quit. Not thread-safe.
 */
public final class OrderlyEnd {
  private boolean announced;

  /**
   * Handles the next event of QEMU. Events that show that the guest continues revoke the
   * announcement: with -no-shutdown QEMU stops the guest after SHUTDOWN and stays, and the guest
   * can be reset and run on.
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
