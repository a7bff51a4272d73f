// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.qemu.command.OptionValue;
import io.fixedram.qemu.qmp.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The properties of a block option as texts under flat keys, such as {@code file.filename}, whether
 * they were given so or as a JSON object. Mutable.
 */
final class BlockOptions {
  private static final Set<String> ON = Set.of("on", "yes", "true", "y");

  private final Map<String, String> values;

  private BlockOptions(Map<String, String> values) {
    this.values = values;
  }

  /**
   * Reads a value.
   *
   * @param firstKey key of a first part without a key
   * @throws io.fixedram.qemu.command.NotInstantException if it begins like JSON and is not valid
   */
  static BlockOptions parse(String text, String firstKey) {
    OptionValue value = OptionValue.parse(text, firstKey);
    Map<String, String> values = new LinkedHashMap<>();
    if (text.startsWith("{")) {
      flatten("", Json.parse(text).raw(), values);
    } else {
      value.keys().forEach(key -> value.find(key).ifPresent(each -> values.put(key, each)));
    }
    return new BlockOptions(values);
  }

  private static void flatten(String prefix, Object value, Map<String, String> into) {
    switch (value) {
      case Map<?, ?> map -> map.forEach((key, each) -> flatten(prefix + "." + key, each, into));
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          flatten(prefix + "." + i, list.get(i), into);
        }
      }
      case Boolean flag -> into.put(prefix.substring(1), flag ? "on" : "off");
      // No image below, which the empty text says too.
      case null -> into.put(prefix.substring(1), "");
      default -> into.put(prefix.substring(1), String.valueOf(value));
    }
  }

  Optional<String> find(String key) {
    return Optional.ofNullable(values.get(key));
  }

  boolean isOn(String key) {
    return find(key).filter(ON::contains).isPresent();
  }

  /** The first key that is one of those, or begins with one of them and a dot. */
  Optional<String> firstOf(Set<String> keys) {
    return values.keySet().stream()
        .filter(
            key -> keys.stream().anyMatch(each -> key.equals(each) || key.startsWith(each + ".")))
        .findFirst();
  }

  void put(String key, String value) {
    values.put(key, value);
  }

  void remove(String key) {
    values.remove(key);
  }

  /** All keys, in their order. */
  List<String> keys() {
    return List.copyOf(values.keySet());
  }

  /** The text for a command line, as key=value. */
  String text() {
    return values.entrySet().stream()
        .map(each -> each.getKey() + "=" + each.getValue().replace(",", ",,"))
        .collect(Collectors.joining(","));
  }
}
