// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The CPUs of a guest.
 *
 * @param model type of the CPUs in QEMU, such as {@code qemu64-x86_64-cpu}
 * @param count number of CPUs
 * @param features x86 only: CPUID words with the features that the guest sees, by leaf, subleaf and
 *     register, such as {@code 0x7.0.ebx}; words without features are left out
 */
public record CpuFacts(String model, int count, NavigableMap<String, Long> features) {
  /** Copies the features. */
  public CpuFacts {
    features = Collections.unmodifiableNavigableMap(new TreeMap<>(features));
  }

  static CpuFacts ask(QmpClient qmp) {
    List<String> paths =
        qmp.executeIfKnown("query-cpus-fast", Map.of()).stream()
            .flatMap(list -> list.items().stream())
            .flatMap(cpu -> cpu.findText("qom-path").stream())
            .toList();
    if (paths.isEmpty()) {
      return new CpuFacts(MachineFacts.UNKNOWN, 0, new TreeMap<>());
    }
    String first = paths.getFirst();
    return new CpuFacts(
        qmp.executeIfKnown("qom-get", Map.of("path", first, "property", "type"))
            .map(Json::text)
            .orElse(MachineFacts.UNKNOWN),
        paths.size(),
        features(qmp, first));
  }

  private static NavigableMap<String, Long> features(QmpClient qmp, String cpu) {
    NavigableMap<String, Long> features = new TreeMap<>();
    qmp.executeIfKnown("qom-get", Map.of("path", cpu, "property", "feature-words")).stream()
        .flatMap(list -> list.items().stream())
        .filter(word -> word.get("features").number() != 0)
        .forEach(word -> features.put(register(word), word.get("features").number()));
    return features;
  }

  private static String register(Json word) {
    return "0x"
        + Long.toHexString(word.get("cpuid-input-eax").number())
        + "."
        + word.findNumber("cpuid-input-ecx").orElse(0)
        + "."
        + word.get("cpuid-register").text().toLowerCase(Locale.ROOT);
  }
}
