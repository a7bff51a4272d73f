// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.bench.guest.Guest.Activity;
import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Programs;
import io.fixedram.qemu.qmp.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest that runs in a QEMU and has filled its memory. It stands still but for the time that
 * somebody needs it running, so that it takes no time from the others.
 */
public final class BootedGuest implements AutoCloseable {
  private static final Duration BOOT_TIME = Duration.ofMinutes(5);

  private final Machine machine;
  private final Qemu qemu;
  private final Path spareSocket;
  private final RunningQemu running;

  private BootedGuest(Machine machine, Qemu qemu, Path spareSocket, RunningQemu running) {
    this.machine = machine;
    this.qemu = qemu;
    this.spareSocket = spareSocket;
    this.running = running;
  }

  /**
   * The machine that all QEMUs of a benchmark make.
   *
   * @param guest what runs in it
   * @param ramMebibytes its RAM
   * @param directory takes sockets and logs; sockets need a short path
   */
  public record Machine(Guest guest, int ramMebibytes, ScratchDirectory directory) {

    /** One for guests of a kind and size. */
    public static Machine of(GuestMaker maker, GuestSize size, ScratchDirectory directory) {
      Path file = directory.resolve("boot-" + size.ramMebibytes() + "-" + size.usedMebibytes());
      return new Machine(maker.make(file, size), size.ramMebibytes(), directory);
    }

    /** Boots it; returns when its memory is full and it stands still. */
    public BootedGuest boot(Qemu qemu, Activity activity, Cancellation cancellation) {
      String name = qemu.fileName();
      Path serial = directory.resolve(name + ".serial");
      Path spare = directory.resolve(name + ".spare");
      List<String> words = command(qemu, activity, serial);
      words.addAll(Programs.qmp(spare));
      RunningQemu running =
          RunningQemu.start(
              words,
              directory.resolve(name + ".qmp"),
              directory.resolve(name + ".log"),
              cancellation);
      try {
        awaitReady(running, serial, cancellation);
        running.stop();
        return new BootedGuest(this, qemu, spare, running);
      } catch (RuntimeException e) {
        running.close();
        throw e;
      }
    }

    private void awaitReady(RunningQemu running, Path serial, Cancellation cancellation) {
      long until = System.nanoTime() + BOOT_TIME.toNanos();
      while (!guest.isReady(serial)) {
        cancellation.throwIfCancelled();
        running.throwIfEnded();
        if (System.nanoTime() > until) {
          throw new FixedRamException(
              "the guest (" + guest.description() + ") has not filled its memory in 5 minutes");
        }
        RunningQemu.pause();
      }
    }

    /** The words that start it, without QMP, to be added to. */
    public List<String> command(Qemu qemu, Activity activity, Path serial) {
      return new ArrayList<>(MachineCommand.of(qemu, guest, activity, ramMebibytes, serial));
    }

    /** Where a machine that waits for a migration can be reached by somebody else. */
    public Endpoint.Unix incomingQmp() {
      return new Endpoint.Unix(directory.resolve("restored.spare"));
    }

    /** Starts it waiting for an incoming migration. */
    public RunningQemu awaitingMigration(Qemu qemu, Cancellation cancellation) {
      List<String> words = command(qemu, Activity.IDLE, directory.resolve("restored.serial"));
      words.addAll(List.of("-incoming", "defer"));
      words.addAll(Programs.qmp(incomingQmp().path()));
      return RunningQemu.start(
          words, directory.resolve("restored.qmp"), directory.resolve("log"), cancellation);
    }
  }

  /** What executes the instructions of guests here. */
  public static String accelerator() {
    return MachineCommand.accelerator();
  }

  /** Its machine. */
  public Machine machine() {
    return machine;
  }

  /** Its QEMU program. */
  public Qemu qemu() {
    return qemu;
  }

  /** Its QEMU. */
  public RunningQemu running() {
    return running;
  }

  /** A QMP socket that nobody else uses. */
  public Endpoint.Unix spareQmp() {
    return new Endpoint.Unix(spareSocket);
  }

  /** Makes it stand still, whatever state a migration has left it in. */
  public void rest() {
    if (!running.isRunning()) {
      running.resume();
    }
    running.stop();
  }

  @Override
  public void close() {
    running.close();
  }
}
