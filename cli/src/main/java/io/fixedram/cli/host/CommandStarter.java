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
 * Starts the QEMU of a command: in the foreground terminal, standard input, output and errors are
 * its own as if the user had started it; detached it goes on without us. Not for several threads.
 */
public final class CommandStarter implements QemuStarter, AutoCloseable {
  private final boolean detach;
  private final boolean outputAside;
  private Optional<PrivateDirectory> directory = Optional.empty();
  private Optional<Signals> signals = Optional.empty();

  /** What a QEMU takes of what a terminal sends to all its programs, Ctrl-C and its end. */
  private enum Signals {
    /** All of it, as we do. */
    HEARD,
    /** Nothing: the signals are blocked in it for as long as it lives. */
    BLOCKED,
    /** Nothing: it is in a session of its own. */
    LEFT
  }

  private CommandStarter(boolean detach, boolean outputAside) {
    this.detach = detach;
    this.outputAside = outputAside;
  }

  /**
   * For a QEMU in the foreground.
   *
   * @param outputAside whether its standard output goes to standard error, so as to leave ours
   *     alone
   */
  public static CommandStarter foreground(boolean outputAside) {
    return new CommandStarter(false, outputAside);
  }

  /**
   * For a QEMU that goes on without us: it gets a session of its own, and keeps none of our pipes
   * open.
   *
   * @param outputAside whether its standard output goes nowhere, so as to leave ours alone
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
    // That from before QEMU, which changes it for a console and can't change it back if killed.
    Optional<TerminalMode> mode = detach ? Optional.empty() : TerminalMode.ofStandardInput();
    Process process = streams.applyTo(Launch.of(words).called("QEMU")).start();
    return new StartedQemu(
        process, () -> lastWords(streams), () -> mode.ifPresent(TerminalMode::restore));
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

  private static String lastWords(StandardStreams streams) {
    String message = streams.hiddenMessages();
    return message.isEmpty() ? "; its own message is above" : ": " + message;
  }

  /**
   * Says what is unusual about Ctrl-C, if a QEMU was started here.
   *
   * @param mode how the guest gets into it
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

  /** Removes the file that a detached QEMU's messages went to until it was up. */
  @Override
  public void close() {
    directory.ifPresent(PrivateDirectory::close);
  }
}
