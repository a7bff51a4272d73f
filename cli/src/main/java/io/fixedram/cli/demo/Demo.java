// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.qemu.process.Programs;
import io.fixedram.qemu.transfer.TransferListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The demo of saving and restoring, with its own guests. */
public final class Demo {
  private Demo() {}

  /**
   * Runs the demo and removes its files.
   *
   * @param settings settings of the guest inside this process, which needs twice its RAM
   * @param lines receives the lines to print
   * @param listener listener for the save and restore of the virtual machine
   * @return results of all parts
   */
  public static List<DemoAct> run(
      DemoSettings settings,
      Consumer<String> lines,
      TransferListener listener,
      Cancellation cancellation) {
    List<DemoAct> acts = new ArrayList<>();
    try (ScratchDirectory directory = ScratchDirectory.create("demo")) {
      lines.accept(
          "A guest inside this process, "
              + Amounts.bytes(settings.ramBytes())
              + " RAM, saved while it goes on writing:");
      acts.addAll(new EmbeddedAct(settings, directory, lines, cancellation).run());
      lines.accept("");
      Optional<Path> qemu = Programs.find(Programs.QEMU);
      if (qemu.isPresent()) {
        lines.accept("A virtual machine of " + qemu.get() + ":");
        acts.add(new QemuAct(qemu.get(), directory, lines, listener, cancellation).run());
      } else {
        lines.accept(
            "No qemu-system-x86_64 here; with one, this goes on with a real virtual machine.");
      }
    }
    return acts;
  }
}
