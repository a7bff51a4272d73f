// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.qmpserver.QmpServer;
import io.fixedram.qmpserver.ServedGuest;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** Serves the guest inside this process to QMP clients until one of them ends it. */
public final class ServedDemo {
  private ServedDemo() {}

  /**
   * Serves the guest.
   *
   * @param ready called once clients can connect
   * @throws CancelledException if the cancellation ends it
   */
  public static void run(
      DemoSettings settings, Path socket, Runnable ready, Cancellation cancellation) {
    CountDownLatch quit = new CountDownLatch(1);
    try (EmbeddedGuest guest = new EmbeddedGuest(settings.ramBytes());
        ServedGuest served =
            new ServedGuest(guest.memory(), guest, EmbeddedGuest.configuration())) {
      served.setCapabilities(switches(settings.capabilities()));
      served.changeParameters(before -> settings.parameters());
      try (QmpServer _ = QmpServer.start(socket, served, WriteOptions.defaults(), quit::countDown);
          Cancellation.Registration _ = cancellation.onCancel(quit::countDown)) {
        ready.run();
        await(quit);
      }
    }
    cancellation.throwIfCancelled();
  }

  private static Map<MigrationCapability, Boolean> switches(MigrationCapabilities capabilities) {
    Map<MigrationCapability, Boolean> switches = new EnumMap<>(MigrationCapability.class);
    Arrays.stream(MigrationCapability.values())
        .forEach(each -> switches.put(each, capabilities.has(each)));
    return switches;
  }

  private static void await(CountDownLatch quit) {
    try {
      quit.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    }
  }
}
