// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.qmp.QmpClient;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/** Connections with QEMU without a file: QEMU is passed one end of a socket pair (getfd). */
public final class PassedSocket {
  private static final Duration TAKE_BACK_TIME = Duration.ofSeconds(5);

  private PassedSocket() {}

  /**
   * Passes one end of a new socket pair to QEMU and starts a migration over it.
   *
   * @param name name of the descriptor in QEMU
   * @param use starts a migration with a URI
   * @return this process's end
   */
  public static UnixSocket pass(QmpClient qmp, String name, Consumer<String> use) {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try {
      Map<String, String> argument = Map.of("fdname", name);
      qmp.executeWithDescriptor("getfd", argument, pair.right().descriptor());
      try {
        use.accept("fd:" + name);
      } catch (RuntimeException | Error e) {
        takeBack(qmp, argument, e);
        throw e;
      }
      return pair.left();
    } catch (RuntimeException | Error e) {
      pair.left().close();
      throw e;
    } finally {
      // With a copy of QEMU's end open, this process would not see QEMU close the connection.
      pair.right().release();
    }
  }

  private static void takeBack(QmpClient qmp, Map<String, String> argument, Throwable failure) {
    try {
      qmp.cleaningUp(TAKE_BACK_TIME).execute("closefd", argument);
    } catch (FixedRamException e) {
      failure.addSuppressed(e);
    }
  }
}
