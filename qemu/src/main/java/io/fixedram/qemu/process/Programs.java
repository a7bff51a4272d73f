// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The programs of this machine. */
public final class Programs {
  /** The emulator of the guests that this program is proven with. */
  public static final String QEMU = "qemu-system-x86_64";

  private Programs() {}

  /** The program that a shell would start under this name, or that has this path. */
  public static Optional<Path> find(String name) {
    if (name.contains("/")) {
      return Optional.of(Path.of(name)).filter(Files::isExecutable);
    }
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Arrays.stream(path.split(File.pathSeparator))
        .map(each -> Path.of(each, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The words that make a QEMU listen for QMP on a socket. */
  public static List<String> qmp(Path socket) {
    return List.of("-qmp", "unix:" + socket + ",server=on,wait=off");
  }

  /**
   * The words that start a program which Ctrl-C on this terminal does not reach, so that it is
   * ended by this program alone, and in order; as they are where there is no setsid of util-linux.
   */
  public static List<String> aside(List<String> words) {
    List<String> all = new ArrayList<>();
    find("setsid").ifPresent(program -> all.add(program.toString()));
    all.addAll(words);
    return all;
  }
}
