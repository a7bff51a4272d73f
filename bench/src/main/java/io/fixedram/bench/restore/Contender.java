// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.restore;

import io.fixedram.os.Cancellation;
import io.fixedram.qemu.GuestRestore;
import io.fixedram.qemu.RestoreReport;
import io.fixedram.qemu.RestoreRequest;
import io.fixedram.qemu.RestoreTarget;
import io.fixedram.qemu.RestoreVia;
import io.fixedram.qemu.RestoredGuest;
import io.fixedram.qemu.TransferListener;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A way to bring a guest back. */
sealed interface Contender {
  /** What the table calls it. */
  String name();

  /** The file that it reads. */
  Path file(BenchGuest guest);

  /** Restores the guest, checks that it goes on, and ends it. */
  Timing restore(BenchGuest guest) throws IOException;

  /** One of fixedram's ways, from the call to QEMU's start and all. */
  record Fixedram(RestoreVia via) implements Contender {
    @Override
    public String name() {
      return "fixedram --via " + via.text();
    }

    @Override
    public Path file(BenchGuest guest) {
      return guest.fixedramSave();
    }

    @Override
    public Timing restore(BenchGuest guest) throws IOException {
      Path serial = freshSerial(guest);
      List<String> words = guest.command(serial);
      words.addAll(List.of("-qmp", "unix:" + guest.socket() + ",server=on,wait=off"));
      Files.deleteIfExists(guest.socket());
      RestoreRequest request =
          new RestoreRequest(
              guest.fixedramSave(), via, false, true, new RestoreTarget.Command(words));
      long start = System.nanoTime();
      try (RestoredGuest restored =
          GuestRestore.run(request, TransferListener.NONE, new Cancellation())) {
        RestoreReport report = restored.report();
        try {
          BenchQemu.awaitRounds(serial, 1);
        } finally {
          try (QmpClient qmp = QmpClient.connect(new Endpoint.Unix(guest.socket()))) {
            qmp.execute("quit");
          }
          restored.waitForExit();
        }
        return new Timing(
            report.runningSeconds(),
            report.seconds() - (report.downtimeSeconds() - report.runningSeconds()),
            (System.nanoTime() - start) / 1e9);
      }
    }
  }

  /** QEMU itself, from a file of its own. */
  record Qemu(String name, boolean mappedRam, boolean multifd, boolean direct)
      implements Contender {
    @Override
    public Path file(BenchGuest guest) {
      return mappedRam ? guest.mappedRamFile() : guest.stream();
    }

    @Override
    public Timing restore(BenchGuest guest) throws IOException {
      Path serial = freshSerial(guest);
      List<String> words = guest.command(serial);
      words.addAll(List.of("-incoming", "defer"));
      long started = System.nanoTime();
      try (BenchQemu qemu = BenchQemu.start(words, guest.socket())) {
        List<String> capabilities = new ArrayList<>();
        if (mappedRam) {
          capabilities.add("mapped-ram");
        }
        if (multifd) {
          capabilities.add("multifd");
        }
        qemu.set(capabilities.toArray(String[]::new));
        if (multifd) {
          qemu.qmp().execute("migrate-set-parameters", Map.of("multifd-channels", 2));
        }
        if (direct) {
          qemu.qmp().execute("migrate-set-parameters", Map.of("direct-io", true));
        }
        long incoming = System.nanoTime();
        qemu.qmp()
            .execute(
                "migrate-incoming",
                Map.of("uri", mappedRam ? "file:" + file(guest) : "exec:cat " + file(guest)));
        qemu.awaitCompleted();
        long resident = System.nanoTime();
        qemu.cont();
        long running = System.nanoTime();
        BenchQemu.awaitRounds(serial, 1);
        return new Timing(
            (running - incoming) / 1e9,
            (resident - incoming) / 1e9,
            (System.nanoTime() - started) / 1e9);
      }
    }
  }

  private static Path freshSerial(BenchGuest guest) throws IOException {
    Path serial = guest.directory().resolve("restored.serial");
    Files.deleteIfExists(serial);
    return serial;
  }
}
