// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** QEMU command lines of a machine that all QEMUs from 7.2 on have, so that they are alike. */
final class MachineCommand {
  private static final String MACHINE = "pc-i440fx-7.2";

  private MachineCommand() {}

  /** What executes the guest's instructions here. */
  static String accelerator() {
    return Files.isWritable(Path.of("/dev/kvm")) ? "kvm" : "tcg";
  }

  /** The words that start a guest, but for QMP. */
  static List<String> of(
      Qemu qemu, Guest guest, Guest.Activity activity, int ramMebibytes, Path serial) {
    List<String> words = new ArrayList<>(List.of(qemu.program().toString()));
    words.addAll(List.of("-accel", accelerator(), "-machine", MACHINE, "-m", ramMebibytes + "M"));
    words.addAll(List.of("-nodefaults", "-display", "none", "-vga", "none", "-no-reboot"));
    words.addAll(guest.words(activity));
    words.addAll(List.of("-serial", "file:" + serial));
    return words;
  }
}
