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
 * A guest in a QEMU that has filled its memory. It is stopped except while a measurement needs it
 * running, so that it does not disturb others.
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
   * The virtual machine of a benchmark, the same for all QEMUs.
   *
   * @param guest the guest in it
   * @param ramMebibytes its RAM in MiB
   * @param directory directory for sockets and logs; its path must be short
   */
  public record Machine(Guest guest, int ramMebibytes, ScratchDirectory directory) {

    /** A machine for guests of a kind and size. */
    public static Machine of(GuestMaker maker, GuestSize size, ScratchDirectory directory) {
      Path file = directory.resolve("boot-" + size.ramMebibytes() + "-" + size.usedMebibytes());
      return new Machine(maker.make(file, size), size.ramMebibytes(), directory);
    }

    /** Boots the guest; returns when its memory is filled and it is stopped. */
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

    /** A modifiable list of the words that start the machine, without QMP. */
    public List<String> command(Qemu qemu, Activity activity, Path serial) {
      return new ArrayList<>(MachineCommand.of(qemu, guest, activity, ramMebibytes, serial));
    }

    /** Second QMP socket of a machine that waits for a migration. */
    public Endpoint.Unix incomingQmp() {
      return new Endpoint.Unix(directory.resolve("restored.spare"));
    }

    /** Starts the machine so that it waits for an incoming migration. */
    public RunningQemu awaitingMigration(Qemu qemu, Cancellation cancellation) {
      List<String> words = command(qemu, Activity.IDLE, directory.resolve("restored.serial"));
      words.addAll(List.of("-incoming", "defer"));
      words.addAll(Programs.qmp(incomingQmp().path()));
      return RunningQemu.start(
          words, directory.resolve("restored.qmp"), directory.resolve("log"), cancellation);
    }
  }

  /** Name of QEMU's accelerator on this host. */
  public static String accelerator() {
    return MachineCommand.accelerator();
  }

  /** The machine of the guest. */
  public Machine machine() {
    return machine;
  }

  /** The QEMU program of the guest. */
  public Qemu qemu() {
    return qemu;
  }

  /** The running QEMU of the guest. */
  public RunningQemu running() {
    return running;
  }

  /** A second QMP socket, which is not in use. */
  public Endpoint.Unix spareQmp() {
    return new Endpoint.Unix(spareSocket);
  }

  /** Stops the guest, whatever state a migration has left it in. */
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
