// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import java.util.List;
import java.util.Set;

/**
 * The arguments of {@code migrate}: a target as {@code uri} or as the only entry of {@code
 * channels} (QEMU 8.2), and switches that must be off.
 */
final class MigrateArguments {
  /**
   * Switches for features that a served guest does not have: resuming a failed postcopy, and disks.
   */
  private static final List<String> NOT_PROVIDED = List.of("resume", "blk", "inc");

  /** Names of all arguments that are accepted. */
  static final Set<String> NAMES = Set.of("uri", "channels", "detach", "resume", "blk", "inc");

  private MigrateArguments() {}

  /**
   * The target of the migration.
   *
   * @return the target in {@code uri} syntax
   * @throws FixedRamException if there is no target, or an unsupported feature is requested
   */
  static String uri(Json arguments) {
    for (String name : NOT_PROVIDED) {
      if (arguments.find(name).map(Json::flag).orElse(false)) {
        throw new FixedRamException("Parameter '" + name + "' is not provided here: leave it off");
      }
    }
    if (arguments.find("channels").isEmpty()) {
      return arguments.get("uri").text();
    }
    List<Json> channels = arguments.get("channels").items();
    if (channels.size() != 1 || arguments.find("uri").isPresent()) {
      throw new FixedRamException("give either 'uri' or 'channels', and one channel only");
    }
    return uriOf(channels.getFirst().get("addr"));
  }

  private static String uriOf(Json address) {
    return switch (address.get("transport").text()) {
      case "file" -> {
        if (address.findNumber("offset").orElse(0) != 0) {
          throw new FixedRamException("a save begins where its file does: give offset 0");
        }
        yield "file:" + address.get("filename").text();
      }
      case "socket" -> socket(address);
      case String other ->
          throw new FixedRamException("cannot migrate by '" + other + "': give file or socket");
    };
  }

  private static String socket(Json address) {
    return switch (address.get("type").text()) {
      case "unix" -> "unix:" + address.get("path").text();
      case "inet" -> {
        String host = address.get("host").text();
        String port = address.get("port").text();
        yield "tcp:" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
      }
      case String other ->
          throw new FixedRamException(
              "cannot migrate to a socket of type '" + other + "': give unix or inet");
    };
  }
}
