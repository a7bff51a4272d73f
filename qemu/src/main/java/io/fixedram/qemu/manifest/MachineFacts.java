// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The machine of a guest.
 *
 * @param type machine type, such as {@code pc-i440fx-7.2}
 * @param accelerator {@code kvm}, {@code tcg} (or another one that is not KVM), or {@code unknown}
 * @param properties simple properties of the machine that the guest may notice, such as {@code smm}
 */
public record MachineFacts(
    String type, String accelerator, NavigableMap<String, String> properties) {
  static final String UNKNOWN = "unknown";

  private static final String MACHINE = "/machine";
  private static final String TYPE_SUFFIX = "-machine";

  /** Types of values that a user sets by {@code -machine NAME=VALUE} and that are comparable. */
  private static final Set<String> SIMPLE_TYPES =
      Set.of("bool", "OnOffAuto", "str", "string", "size", "int", "uint32_t", "uint64_t");

  /**
   * Properties that only affect the host, name its files, or have an effect that the save's RAM
   * contains.
   */
  private static final Set<String> OF_THE_HOST =
      Set.of(
          "type",
          "append",
          "aux-ram-share",
          "bus-lock-ratelimit",
          "dt-compatible",
          "dtb",
          "dump-guest-core",
          "dumpdtb",
          "enforce-config-section",
          "firmware",
          "graphics",
          "initrd",
          "kernel",
          "mem-merge",
          "memory-backend",
          "memory-encryption",
          "phandle-start",
          "shim",
          "suppress-vmdesc");

  /** Copies the properties. */
  public MachineFacts {
    properties = Collections.unmodifiableNavigableMap(new TreeMap<>(properties));
  }

  static MachineFacts ask(QmpClient qmp) {
    String type = property(qmp, "type").map(Json::text).orElse(UNKNOWN);
    return new MachineFacts(
        type.endsWith(TYPE_SUFFIX) ? type.substring(0, type.length() - TYPE_SUFFIX.length()) : type,
        accelerator(qmp),
        properties(qmp));
  }

  private static String accelerator(QmpClient qmp) {
    return qmp.executeIfKnown("query-kvm", Map.of())
        .flatMap(answer -> answer.find("enabled"))
        .map(enabled -> enabled.flag() ? "kvm" : "tcg")
        .orElse(UNKNOWN);
  }

  private static NavigableMap<String, String> properties(QmpClient qmp) {
    NavigableMap<String, String> properties = new TreeMap<>();
    qmp.executeIfKnown("qom-list", Map.of("path", MACHINE)).stream()
        .flatMap(list -> list.items().stream())
        .filter(each -> each.findText("type").filter(SIMPLE_TYPES::contains).isPresent())
        .flatMap(each -> each.findText("name").stream())
        .filter(name -> !OF_THE_HOST.contains(name))
        .forEach(name ->
            property(qmp, name)
                .ifPresent(value -> properties.put(name, String.valueOf(value.raw()))));
    return properties;
  }

  private static Optional<Json> property(QmpClient qmp, String name) {
    return qmp.executeIfKnown("qom-get", Map.of("path", MACHINE, "property", name));
  }
}
