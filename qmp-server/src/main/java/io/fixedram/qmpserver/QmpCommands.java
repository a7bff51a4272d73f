// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.error.FixedRamException;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.write.WriteOptions;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** The QMP commands of a served guest, with QEMU's names and arguments. */
final class QmpCommands {
  private static final Map<String, Object> NOTHING = Map.of();
  private static final String QUIT = "quit";

  private final ServedGuest guest;
  private final WriteOptions options;
  private final Optional<Runnable> quit;
  private final Map<String, Command> commands = new TreeMap<>();

  /** A command: its argument names and implementation. */
  private record Command(Set<String> arguments, Function<Json, Object> run) {}

  QmpCommands(ServedGuest guest, WriteOptions options, Optional<Runnable> quit) {
    this.guest = guest;
    this.options = options;
    this.quit = quit;
    add("cont", Set.of(), arguments -> nothing(guest::cont));
    add("migrate", MigrateArguments.NAMES, this::migrate);
    add("migrate-continue", Set.of("state"), this::migrateContinue);
    add("migrate-set-capabilities", Set.of("capabilities"), this::setCapabilities);
    add("migrate-set-parameters", QemuParameters.names(), this::setParameters);
    add("migrate_cancel", Set.of(), arguments -> nothing(guest::cancelMigration));
    add("query-commands", Set.of(), arguments -> queryCommands());
    add("query-migrate", Set.of(), arguments -> queryMigrate());
    add("query-migrate-capabilities", Set.of(), arguments -> queryCapabilities());
    add("query-migrate-parameters", Set.of(), arguments -> queryParameters());
    add("query-name", Set.of(), arguments -> NOTHING);
    add("query-status", Set.of(), arguments -> queryStatus());
    add("query-version", Set.of(), arguments -> version());
    quit.ifPresent(action -> add(QUIT, Set.of(), arguments -> NOTHING));
    add("stop", Set.of(), arguments -> nothing(guest::stop));
  }

  private void add(String name, Set<String> arguments, Function<Json, Object> run) {
    commands.put(name, new Command(arguments, run));
  }

  private static Object nothing(Runnable action) {
    action.run();
    return NOTHING;
  }

  /**
   * Runs a command.
   *
   * @return the answer, made of maps, lists, texts, numbers and booleans
   * @throws FixedRamException if the command is refused
   */
  Object run(String name, Json arguments) {
    Command command = commands.get(name);
    if (command == null) {
      throw new CommandException(
          CommandException.NOT_FOUND, "The command " + name + " has not been found");
    }
    for (Object member : ((Map<?, ?>) arguments.raw()).keySet()) {
      if (!command.arguments.contains(member)) {
        throw new FixedRamException("Parameter '" + member + "' is unexpected");
      }
    }
    return command.run.apply(arguments);
  }

  /** Runs the part of a command that must follow its answer. */
  void answered(String name) {
    if (name.equals(QUIT)) {
      quit.ifPresent(Runnable::run);
    }
  }

  /**
   * The version in the greeting and in {@code query-version}, from which clients derive the
   * supported protocol: 8.2 is the first version with {@code file:} targets.
   */
  static Map<String, Object> version() {
    return Map.of(
        "qemu",
        Map.of("major", 8, "minor", 2, "micro", 0),
        "package",
        "fixedram, a guest embedded in a Java program");
  }

  private List<Map<String, Object>> queryCommands() {
    return commands.keySet().stream().map(name -> Map.<String, Object>of("name", name)).toList();
  }

  private Map<String, Object> queryStatus() {
    RunState state = guest.runState();
    return Map.of(
        "status", state.text(), "running", state == RunState.RUNNING, "singlestep", false);
  }

  private Map<String, Object> queryMigrate() {
    return guest.migration().map(MigrationReport::of).orElse(NOTHING);
  }

  private List<Map<String, Object>> queryCapabilities() {
    return Arrays.stream(MigrationCapability.values())
        .map(each ->
            Map.<String, Object>of(
                "capability", each.text(), "state", guest.capabilities().has(each)))
        .toList();
  }

  private Object setCapabilities(Json arguments) {
    Map<MigrationCapability, Boolean> changes = new EnumMap<>(MigrationCapability.class);
    for (Json each : arguments.get("capabilities").items()) {
      String name = each.get("capability").text();
      MigrationCapability capability =
          MigrationCapability.parse(name)
              .orElseThrow(() ->
                  new FixedRamException(
                      "Parameter 'capability' does not accept value '" + name + "'"));
      changes.put(capability, each.get("state").flag());
    }
    return nothing(() -> guest.setCapabilities(changes));
  }

  private Map<String, Object> queryParameters() {
    return QemuParameters.report(guest.parameters());
  }

  private Object setParameters(Json arguments) {
    return nothing(
        () -> guest.changeParameters(before -> QemuParameters.changed(before, arguments)));
  }

  /** Checks that the migration is possible before the target is opened. */
  private Object migrate(Json arguments) {
    MigrationTarget target = MigrationUri.parse(MigrateArguments.uri(arguments), options);
    guest.checkMigration(target.isSeekable());
    return nothing(() -> target.start(guest::migrate));
  }

  private Object migrateContinue(Json arguments) {
    String state = arguments.get("state").text();
    if (!state.equals("pre-switchover") || !guest.continueSwitchover()) {
      throw new FixedRamException("the migration is not in the state " + state);
    }
    return NOTHING;
  }
}
