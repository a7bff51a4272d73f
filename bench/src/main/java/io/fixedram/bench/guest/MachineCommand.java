// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** QEMU command lines with a machine type that all QEMUs since 7.2 have, for comparable results. */
final class MachineCommand {
  private static final String MACHINE = "pc-i440fx-7.2";

  /** Flags of processors with virtualization: Intel's and AMD's. */
  private static final Set<String> VIRTUALIZATION = Set.of("vmx", "svm");

  private MachineCommand() {}

  /** Name of QEMU's accelerator on this host. */
  static String accelerator() {
    return accelerator(Path.of("/dev/kvm"), Path.of("/proc/cpuinfo"));
  }

  /**
   * The accelerator according to two files. A device alone is not sufficient: it may exist on hosts
   * whose processor has no virtualization, where guests don't boot.
   */
  static String accelerator(Path device, Path processors) {
    return Files.isWritable(device) && hasVirtualization(processors) ? "kvm" : "tcg";
  }

  private static boolean hasVirtualization(Path processors) {
    try (Stream<String> lines = Files.lines(processors, StandardCharsets.ISO_8859_1)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .flatMap(line -> Stream.of(line.split("\\s+")))
          .anyMatch(VIRTUALIZATION::contains);
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  /** The words that start a guest, without QMP. */
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
