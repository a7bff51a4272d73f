// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.host;

import io.fixedram.os.TerminalMode;
import io.fixedram.qemu.process.Launch;
import io.fixedram.qemu.process.PrivateDirectory;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.qemu.start.StartedQemu;
import io.fixedram.qemu.transfer.TransferListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Starts QEMU for the command: in the foreground it has the terminal and the standard streams as if
 * the user had started it; detached it runs on in the background. Not thread-safe.
 */
public final class CommandStarter implements QemuStarter, AutoCloseable {
  private final boolean detach;
  private final boolean outputAside;
  private Optional<PrivateDirectory> directory = Optional.empty();
  private Optional<Signals> signals = Optional.empty();

  /**
   * How a QEMU is affected by signals that a terminal sends to all its programs (Ctrl-C and
   * hangup).
   */
  private enum Signals {
    /** QEMU receives them, like this process. */
    HEARD,
    /** The signals are blocked in QEMU until it ends. */
    BLOCKED,
    /** QEMU is in its own session and does not receive them. */
    LEFT
  }

  private CommandStarter(boolean detach, boolean outputAside) {
    this.detach = detach;
    this.outputAside = outputAside;
  }

  /**
   * A starter of a QEMU in the foreground.
   *
   * @param outputAside whether QEMU's standard output is redirected to standard error
   */
  public static CommandStarter foreground(boolean outputAside) {
    return new CommandStarter(false, outputAside);
  }

  /**
   * A starter of a QEMU in the background, in its own session and without open pipes of this
   * process.
   *
   * @param outputAside whether QEMU's standard output is discarded
   */
  public static CommandStarter detached(boolean outputAside) {
    return new CommandStarter(true, outputAside);
  }

  @Override
  public StartedQemu start(List<String> command, boolean served) {
    List<String> words = new ArrayList<>();
    signals = Optional.of(Signals.HEARD);
    if (detach) {
      Optional<Path> setsid = findSetsid();
      setsid.ifPresent(program -> words.add(program.toString()));
      signals = setsid.map(_ -> Signals.LEFT).or(() -> signals);
    } else if (served) {
      words.addAll(SignalShield.before(command));
      signals = Optional.of(words.isEmpty() ? Signals.HEARD : Signals.BLOCKED);
    }
    if (outputAside) {
      words.addAll(StandardStreams.outputAside(detach));
    }
    words.addAll(command);
    StandardStreams streams =
        detach ? StandardStreams.detached(directory()) : StandardStreams.inherited();
    // The mode before QEMU changes it for a console, which it can't undo if it is killed.
    Optional<TerminalMode> mode = detach ? Optional.empty() : TerminalMode.ofStandardInput();
    Process process = streams.applyTo(Launch.of(words).called("QEMU")).start();
    return new StartedQemu(
        process, () -> outputClause(streams), () -> mode.ifPresent(TerminalMode::restore));
  }

  private static Optional<Path> findSetsid() {
    return Stream.of(Path.of("/usr/bin/setsid"), Path.of("/bin/setsid"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private PrivateDirectory directory() {
    PrivateDirectory made = directory.orElseGet(PrivateDirectory::create);
    directory = Optional.of(made);
    return made;
  }

  private static String outputClause(StandardStreams streams) {
    String message = streams.hiddenMessages();
    return message.isEmpty() ? "; its own message is above" : ": " + message;
  }

  /**
   * Reports the effect of Ctrl-C on a QEMU that was started here, if it is unusual.
   *
   * @param mode the restore mode
   */
  public void tellOfSignals(RestoreMode mode, TransferListener listener) {
    if (mode == RestoreMode.LAZY && signals.equals(Optional.of(Signals.HEARD))) {
      listener.warning(
          "Ctrl-C on this terminal ends QEMU too, while its guest still needs pages: nothing here can"
              + " keep it from that, which takes 'env --block-signal' of GNU coreutils 8.31");
    } else if (mode != RestoreMode.LAZY && signals.equals(Optional.of(Signals.BLOCKED))) {
      listener.note(
          "QEMU was started with SIGINT and SIGHUP blocked, for its guest might have been served"
              + " pages: interrupt this program, or send QEMU SIGTERM, to end it");
    }
  }

  /** Removes the file with a detached QEMU's messages. */
  @Override
  public void close() {
    directory.ifPresent(PrivateDirectory::close);
  }
}
