// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.obstacle.CommandObstacle;
import io.fixedram.qemu.qmp.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The value of a QEMU option with properties: {@code driver,key=value,key=value}, in which two
 * commas stand for one, or a JSON object. Immutable.
 */
public final class OptionValue {
  private static final int MAX_SHOWN = 60;

  private final String firstKey;
  private final boolean json;
  private final List<Pair> pairs;

  /** A key and its value: a text, or any JSON value. */
  private record Pair(String key, Object value) {}

  private OptionValue(String firstKey, boolean json, List<Pair> pairs) {
    this.firstKey = firstKey;
    this.json = json;
    this.pairs = List.copyOf(pairs);
  }

  /**
   * Reads a value.
   *
   * @param firstKey the key of a first part without a key
   * @throws NotInstantException if the text begins like JSON but is not valid; QEMU accepts more
   *     than JSON, such as texts in single quotes
   */
  public static OptionValue parse(String text, String firstKey) {
    List<Pair> pairs = new ArrayList<>();
    if (text.startsWith("{")) {
      if (json(text).raw() instanceof Map<?, ?> map) {
        map.forEach((key, value) -> pairs.add(new Pair(String.valueOf(key), value)));
      }
      return new OptionValue(firstKey, true, pairs);
    }
    for (String part : parts(text)) {
      int equals = part.indexOf('=');
      if (equals >= 0) {
        pairs.add(new Pair(part.substring(0, equals), part.substring(equals + 1)));
      } else if (pairs.isEmpty()) {
        pairs.add(new Pair(firstKey, part));
      } else {
        pairs.add(new Pair(part, "on"));
      }
    }
    return new OptionValue(firstKey, false, pairs);
  }

  private static Json json(String text) {
    try {
      return Json.parse(text);
    } catch (FixedRamException e) {
      throw new NotInstantException(
          new CommandObstacle.UnreadableValue(
              text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "..." : text, e));
    }
  }

  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ',' && i + 1 < text.length() && text.charAt(i + 1) == ',') {
        part.append(c);
        i++;
      } else if (c == ',') {
        parts.add(part.toString());
        part.setLength(0);
      } else {
        part.append(c);
      }
    }
    if (!part.isEmpty()) {
      parts.add(part.toString());
    }
    return parts;
  }

  /** All keys of the value, in their order. */
  public Set<String> keys() {
    return pairs.stream().map(Pair::key).collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** The value of a key as text: the last one if there are several, on or off for a flag. */
  public Optional<String> find(String key) {
    return pairs.stream()
        .filter(pair -> pair.key.equals(key))
        .map(
            pair -> pair.value instanceof Boolean flag ? onOrOff(flag) : String.valueOf(pair.value))
        .reduce((_, last) -> last);
  }

  /** Whether a flag is given and on, in any of QEMU's spellings. */
  boolean isOn(String key) {
    return find(key).filter(Set.of("on", "yes", "true", "y")::contains).isPresent();
  }

  private static String onOrOff(boolean flag) {
    return flag ? "on" : "off";
  }

  /** A copy with only some of the keys. */
  public OptionValue only(Set<String> kept) {
    return new OptionValue(
        firstKey, json, pairs.stream().filter(pair -> kept.contains(pair.key)).toList());
  }

  /** A copy with another value for a key: a text, number or flag. A new key is added at the end. */
  public OptionValue with(String key, Object value) {
    List<Pair> changed = new ArrayList<>(pairs);
    Pair pair = new Pair(key, value);
    boolean found = false;
    for (int i = 0; i < changed.size(); i++) {
      if (changed.get(i).key.equals(key)) {
        changed.set(i, pair);
        found = true;
      }
    }
    if (!found) {
      changed.add(pair);
    }
    return new OptionValue(firstKey, json, changed);
  }

  /** The text for a command line. */
  public String text() {
    if (json) {
      Map<String, Object> map = new LinkedHashMap<>();
      pairs.forEach(pair -> map.put(pair.key, pair.value));
      return Json.of(map).toString();
    }
    StringBuilder text = new StringBuilder();
    for (Pair pair : pairs) {
      String value =
          pair.value instanceof Boolean flag ? onOrOff(flag) : String.valueOf(pair.value);
      if (!text.isEmpty()) {
        text.append(',');
      }
      if (!text.isEmpty() || !pair.key.equals(firstKey) || value.indexOf('=') >= 0) {
        text.append(pair.key).append('=');
      }
      text.append(value.replace(",", ",,"));
    }
    return text.toString();
  }
}
