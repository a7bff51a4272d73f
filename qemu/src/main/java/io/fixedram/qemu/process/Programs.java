// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Finds programs of this host. */
public final class Programs {
  /** Name of the QEMU program that this project is tested with. */
  public static final String QEMU = "qemu-system-x86_64";

  private Programs() {}

  /** The executable with this path, or the one that a shell finds for this name. */
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
   * The words that start a program in its own session (setsid), so that Ctrl-C on this terminal
   * does not reach it and this program ends it in an orderly way. Unchanged if there is no setsid
   * of util-linux.
   */
  public static List<String> aside(List<String> words) {
    List<String> all = new ArrayList<>();
    find("setsid").ifPresent(program -> all.add(program.toString()));
    all.addAll(words);
    return all;
  }
}
