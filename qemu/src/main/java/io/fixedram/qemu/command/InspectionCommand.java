// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import io.fixedram.qemu.command.QemuCommandLine.Option;
import io.fixedram.qemu.obstacle.CommandObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.StartObstacle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A QEMU command changed so that QEMU can be started beside a running one of the same command, only
 * to be asked about its machine: without sockets, files and windows of its own, and without network
 * scripts. The machine stays the same.
 */
public final class InspectionCommand {
  /** Options that connect QEMU to others, or write files: removed with their value. */
  private static final Set<String> REMOVED =
      Set.of(
          "D",
          "S",
          "curses",
          "daemonize",
          "display",
          "full-screen",
          "gdb",
          "mem-prealloc",
          "mon",
          "monitor",
          "pidfile",
          "qmp",
          "qmp-pretty",
          "s",
          "sdl",
          "spice",
          "trace",
          "vnc");

  /** Options for devices that stay, without a connection. */
  private static final Set<String> CONSOLES = Set.of("serial", "parallel", "debugcon");

  /** Properties of a network option that belong to the guest's device. */
  private static final Set<String> NETWORK_KEPT =
      Set.of("id", "model", "mac", "macaddr", "addr", "vectors", "netdev", "name");

  private InspectionCommand() {}

  /**
   * The changed words.
   *
   * @throws ObstacleException if the options can't be changed, since they are not known
   */
  public static List<String> of(QemuCommandLine command) {
    if (command.program().isEmpty()) {
      throw new ObstacleException(new CommandObstacle.NoQemuProgram());
    }
    if (command.has("readconfig")) {
      throw new ObstacleException(
          new CommandObstacle.OptionInTheWay(CommandObstacle.Option.READCONFIG));
    }
    command.options().forEach(InspectionCommand::requireStartable);
    List<String> words = new ArrayList<>(command.words());
    List<Integer> gone = new ArrayList<>();
    for (Option option : command.options()) {
      if (REMOVED.contains(option.name()) || isFilter(option)) {
        gone.add(option.index());
        option.valueIndex().ifPresent(gone::add);
      } else if (option.valueIndex().isPresent()) {
        words.set(option.valueIndex().get(), value(option));
      }
    }
    gone.sort((one, other) -> Integer.compare(other, one));
    gone.forEach(index -> words.remove(index.intValue()));
    words.addAll(List.of("-monitor", "none", "-display", "none"));
    return List.copyOf(words);
  }

  /** Refuses what does not start beside the guest, or without what was removed. */
  private static void requireStartable(Option option) {
    Optional<String> why =
        switch (option.name()) {
          case "tpmdev" -> Optional.of("its TPM serves one QEMU at a time");
          case "device" -> whyNotStartable(option.parts("driver").find("driver").orElse(""));
          default -> Optional.empty();
        };
    why.ifPresent(clause -> {
      throw new ObstacleException(
          new StartObstacle.NotStartedForACheck(
              "-" + option.name() + " " + option.value(), clause));
    });
  }

  private static Optional<String> whyNotStartable(String driver) {
    if (driver.startsWith("vhost-user-") || driver.equals("ivshmem-doorbell")) {
      return Optional.of("the program behind that device serves one QEMU at a time");
    }
    if (driver.startsWith("vfio-") || driver.startsWith("vhost-vdpa-")) {
      return Optional.of("the host's device is for one QEMU at a time");
    }
    return driver.contains("-gl-") || driver.endsWith("-gl") || driver.contains("rutabaga")
        ? Optional.of("it needs a display with OpenGL, and none is opened for a check")
        : Optional.empty();
  }

  /** A filter of a network, which may write what passes it to a file. */
  private static boolean isFilter(Option option) {
    return option.name().equals("object")
        && option
            .parts("qom-type")
            .find("qom-type")
            .filter(type -> type.startsWith("filter-"))
            .isPresent();
  }

  private static String value(Option option) {
    if (CONSOLES.contains(option.name())) {
      return option.value().equals("none") ? "none" : "null";
    }
    return switch (option.name()) {
      case "chardev" -> withBackend(option, "backend", Set.of("id"), "null");
      case "netdev" -> withBackend(option, "type", Set.of("id"), "hubport,hubid=0");
      case "nic", "net" -> network(option);
      case "object" -> object(option);
      default -> option.value();
    };
  }

  /** Memory is neither allocated beforehand nor shared with a running guest. */
  private static String object(Option option) {
    OptionValue value = option.parts("qom-type");
    if (value.find("qom-type").filter(type -> type.startsWith("memory-backend-")).isEmpty()) {
      return option.value();
    }
    OptionValue idle = value.isOn("prealloc") ? value.with("prealloc", false) : value;
    return (idle.isOn("share") ? idle.with("share", false) : idle).text();
  }

  /** Another back end under the same id. */
  private static String withBackend(Option option, String key, Set<String> kept, String backend) {
    OptionValue value = option.parts(key);
    OptionValue rest = value.only(kept);
    return rest.find("id").map(id -> backend + ",id=" + id.replace(",", ",,")).orElse(backend);
  }

  private static String network(Option option) {
    OptionValue value = option.parts("type");
    String type = value.find("type").orElse("");
    if (type.equals("none") || type.equals("nic")) {
      return option.value();
    }
    OptionValue kept = value.only(NETWORK_KEPT);
    return kept.text().isEmpty() ? "user" : "user," + kept.text();
  }
}
