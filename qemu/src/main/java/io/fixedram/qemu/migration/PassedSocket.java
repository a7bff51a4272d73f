// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.os.UnixSocket;
import io.fixedram.qemu.qmp.QmpClient;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/** A connection with QEMU that needs no place in a file system: QEMU is handed its end (getfd). */
public final class PassedSocket {
  private static final Duration TAKE_BACK_TIME = Duration.ofSeconds(5);

  private PassedSocket() {}

  /**
   * Hands one end over, and has QEMU use it.
   *
   * @param name what QEMU is to call it
   * @param use starts a migration with a URI
   * @return our end
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
      // With a copy of QEMU's end open here, we would not see QEMU go away.
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
