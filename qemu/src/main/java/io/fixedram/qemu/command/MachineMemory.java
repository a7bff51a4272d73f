// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import io.fixedram.qemu.obstacle.BackendObstacle;
import io.fixedram.qemu.obstacle.CommandObstacle;
import io.fixedram.qemu.text.SizeText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The RAM of a machine as given by a QEMU command.
 *
 * @param defaultBytes size of main memory if it is given by -m alone
 * @param backends the memory backends of main memory and DIMMs
 */
record MachineMemory(Optional<Long> defaultBytes, List<Backend> backends) {
  /** Default size of main memory of most machine types. */
  private static final long DEFAULT_BYTES = 128 << 20;

  /** Device that is RAM of the machine and can be a private mapping. */
  private static final String DIMM = "pc-dimm";

  /** Copies the list. */
  MachineMemory {
    backends = List.copyOf(backends);
  }

  /** An object of the command line, {@code -object memory-backend-TYPE,id=ID,...}. */
  record Backend(String id, QemuCommandLine.Option option, OptionValue value) {
    String type() {
      return value.find("qom-type").orElse("");
    }
  }

  /**
   * Reads a command.
   *
   * @throws NotInstantException if a part of the command is not supported
   */
  static MachineMemory of(QemuCommandLine command) {
    List<String> nodes = numaBackends(command);
    List<String> used = new ArrayList<>(nodes);
    Optional<String> named = machineOption(command, "memory-backend");
    if (nodes.isEmpty()) {
      named.ifPresent(used::add);
    }
    Optional<Long> defaultBytes =
        used.isEmpty() ? Optional.of(bytesOfOption(command)) : Optional.empty();
    command
        .all("device")
        .map(device -> device.parts("driver"))
        .filter(device -> device.find("driver").filter(DIMM::equals).isPresent())
        .flatMap(device -> device.find("memdev").stream())
        .forEach(used::add);
    return new MachineMemory(
        defaultBytes, used.stream().distinct().map(id -> backend(command, id)).toList());
  }

  private static Optional<String> machineOption(QemuCommandLine command, String key) {
    return command
        .all("machine")
        .flatMap(machine -> machine.parts("type").find(key).stream())
        .reduce((_, last) -> last);
  }

  private static List<String> numaBackends(QemuCommandLine command) {
    List<String> backends = new ArrayList<>();
    command
        .all("numa")
        .map(option -> option.parts("type"))
        .forEach(numa -> {
          if (numa.keys().contains("mem")) {
            throw new NotInstantException(
                new CommandObstacle.OptionInTheWay(CommandObstacle.Option.NUMA_MEM));
          }
          numa.find("memdev").ifPresent(backends::add);
        });
    return backends;
  }

  private static long bytesOfOption(QemuCommandLine command) {
    if (machineOption(command, "memory.size").isPresent()) {
      throw new NotInstantException(
          new CommandObstacle.OptionInTheWay(CommandObstacle.Option.MACHINE_MEMORY_SIZE));
    }
    String size =
        command
            .all("m")
            .flatMap(option -> option.parts("size").find("size").stream())
            .reduce((_, last) -> last)
            .orElse("0");
    long bytes =
        SizeText.bytes(size, 'm')
            .orElseThrow(() -> new NotInstantException(new CommandObstacle.UnreadableSize(size)));
    return bytes == 0 ? DEFAULT_BYTES : bytes;
  }

  private static Backend backend(QemuCommandLine command, String id) {
    return command
        .all("object")
        .map(option -> new Backend(id, option, option.parts("qom-type")))
        .filter(backend -> backend.value.find("id").filter(id::equals).isPresent())
        .findFirst()
        .orElseThrow(() -> new NotInstantException(new BackendObstacle.NotDefined(id)));
  }
}
