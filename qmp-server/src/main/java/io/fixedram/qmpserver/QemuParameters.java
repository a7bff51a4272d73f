// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.error.FixedRamException;
import io.fixedram.migration.MigrationParameter;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.qemu.qmp.Json;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Migration parameters for QMP clients: those of the engine, and the other parameters of QEMU 8.2,
 * which have QEMU's defaults here and accept no other value (except block-bitmap-mapping, which has
 * no default and is not supported). Names and defaults are from the answers of QEMU 7.2.22 and
 * 10.0.2 to {@code query-migrate-parameters}, and from QEMU's interface reference for 8.2.
 */
final class QemuParameters {
  private static final Map<String, Object> FIXED = fixed();

  private QemuParameters() {}

  private static Map<String, Object> fixed() {
    Map<String, Object> fixed = new LinkedHashMap<>();
    fixed.put("announce-initial", 50);
    fixed.put("announce-max", 550);
    fixed.put("announce-rounds", 5);
    fixed.put("announce-step", 100);
    fixed.put("block-incremental", false);
    fixed.put("compress-level", 1);
    fixed.put("compress-threads", 8);
    fixed.put("compress-wait-thread", true);
    fixed.put("cpu-throttle-increment", 10);
    fixed.put("cpu-throttle-initial", 20);
    fixed.put("cpu-throttle-tailslow", false);
    fixed.put("decompress-threads", 2);
    fixed.put("max-cpu-throttle", 99);
    fixed.put("max-postcopy-bandwidth", 0);
    fixed.put("mode", "normal");
    fixed.put("multifd-channels", 2);
    fixed.put("multifd-compression", "none");
    fixed.put("multifd-zlib-level", 1);
    fixed.put("multifd-zstd-level", 1);
    fixed.put("throttle-trigger-threshold", 50);
    fixed.put("tls-authz", "");
    fixed.put("tls-creds", "");
    fixed.put("tls-hostname", "");
    fixed.put("vcpu-dirty-limit", 1);
    fixed.put("x-checkpoint-delay", 20_000);
    fixed.put("x-vcpu-dirty-limit-period", 1000);
    fixed.put("xbzrle-cache-size", 64 << 20);
    return fixed;
  }

  /** Names of all parameters. */
  static Set<String> names() {
    Set<String> names = new LinkedHashSet<>(FIXED.keySet());
    for (MigrationParameter each : MigrationParameter.values()) {
      names.add(each.text());
    }
    return names;
  }

  /** The answer to {@code query-migrate-parameters}. */
  static Map<String, Object> report(MigrationParameters parameters) {
    Map<String, Object> report = new LinkedHashMap<>(FIXED);
    for (MigrationParameter each : MigrationParameter.values()) {
      report.put(each.text(), parameters.value(each));
    }
    return report;
  }

  /**
   * A copy of parameters with the changes of {@code migrate-set-parameters}.
   *
   * @throws FixedRamException naming a parameter whose value is not possible
   */
  static MigrationParameters changed(MigrationParameters before, Json arguments) {
    FIXED.forEach((name, value) ->
        arguments.find(name).ifPresent(wanted -> requireSame(name, value, wanted)));
    MigrationParameters changed = before;
    for (MigrationParameter each : MigrationParameter.values()) {
      Optional<Json> value = arguments.find(each.text());
      if (value.isPresent()) {
        changed = changed.with(each, value.get().number());
      }
    }
    return changed;
  }

  private static void requireSame(String name, Object value, Json wanted) {
    if (!Json.of(value).toString().equals(wanted.toString())) {
      throw new FixedRamException(
          "Parameter '" + name + "' can only be " + Json.of(value) + " here, not " + wanted);
    }
  }
}
