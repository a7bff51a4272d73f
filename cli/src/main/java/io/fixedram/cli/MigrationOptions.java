// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.args.Arguments;
import io.fixedram.cli.args.OptionSpec;
import io.fixedram.cli.args.UsageException;
import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationParameter;
import io.fixedram.migration.MigrationParameters;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Options for the migration of an embedded guest, with QMP's names of capabilities and parameters.
 * Settings that are not given are not changed.
 *
 * @param capabilities capabilities to switch on or off
 * @param parameters parameters to set, in QMP's units
 */
public record MigrationOptions(
    Map<MigrationCapability, Boolean> capabilities, Map<MigrationParameter, Long> parameters) {
  private static final OptionSpec CAPABILITY =
      OptionSpec.values(
          "capability",
          "NAME[=on|off]",
          "switch a capability of the migration, as QMP's migrate-set-capabilities does: "
              + names(MigrationCapability.values(), MigrationCapability::text)
              + "; may be given many times");
  private static final OptionSpec PARAMETER =
      OptionSpec.values(
          "parameter",
          "NAME=NUMBER",
          "set a parameter of the migration, as QMP's migrate-set-parameters does: "
              + names(MigrationParameter.values(), MigrationParameter::text)
              + "; may be given many times");

  /** In the order of the help. */
  static final List<OptionSpec> ALL = List.of(CAPABILITY, PARAMETER);

  private static <T> String names(T[] all, Function<T, String> text) {
    return Arrays.stream(all).map(text).collect(Collectors.joining(", "));
  }

  static MigrationOptions read(Arguments arguments) {
    Map<MigrationCapability, Boolean> capabilities = new EnumMap<>(MigrationCapability.class);
    for (String given : arguments.values(CAPABILITY)) {
      String name = before(given);
      MigrationCapability capability =
          MigrationCapability.parse(name)
              .orElseThrow(() ->
                  new UsageException("--capability " + given + ": there is no capability " + name));
      capabilities.put(capability, given.equals(name) || state(given));
    }
    Map<MigrationParameter, Long> parameters = new EnumMap<>(MigrationParameter.class);
    for (String given : arguments.values(PARAMETER)) {
      String name = before(given);
      MigrationParameter parameter =
          MigrationParameter.parse(name)
              .orElseThrow(() ->
                  new UsageException("--parameter " + given + ": there is no parameter " + name));
      parameters.put(parameter, number(given));
    }
    return new MigrationOptions(capabilities, parameters);
  }

  private static String before(String given) {
    int equals = given.indexOf('=');
    return equals < 0 ? given : given.substring(0, equals);
  }

  private static String after(String given) {
    return given.substring(given.indexOf('=') + 1);
  }

  private static boolean state(String given) {
    return switch (after(given)) {
      case "on" -> true;
      case "off" -> false;
      default -> throw new UsageException("--capability " + given + ": a capability is on or off");
    };
  }

  private static long number(String given) {
    try {
      return Long.parseLong(after(given));
    } catch (NumberFormatException e) {
      throw new UsageException("--parameter " + given + ": give NAME=NUMBER");
    }
  }

  /** Applies the switched capabilities to a set. */
  public MigrationCapabilities applyTo(MigrationCapabilities before) {
    return before.with(capabilities);
  }

  /** Applies the given parameters to others. */
  public MigrationParameters applyTo(MigrationParameters before) {
    MigrationParameters after = before;
    for (Map.Entry<MigrationParameter, Long> each : parameters.entrySet()) {
      after = after.with(each.getKey(), each.getValue());
    }
    return after;
  }
}
