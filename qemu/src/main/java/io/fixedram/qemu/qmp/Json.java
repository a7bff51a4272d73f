// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

import io.fixedram.error.FixedRamException;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * A JSON value with access by expected type. Immutable. A member whose value is JSON's {@code null}
 * counts as absent. Methods throw a {@link FixedRamException} if a value has another type.
 */
public final class Json {
  /** Some commands of QEMU tell null and an absent member apart. */
  private static final JSON WITH_NULLS = JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES);

  private final Object value;

  private Json(Object value) {
    this.value = value;
  }

  /**
   * Parses a text.
   *
   * @throws FixedRamException if it is not JSON
   */
  public static Json parse(String text) {
    try {
      Object value = JSON.std.anyFrom(text);
      if (value == null) {
        throw new FixedRamException("a JSON value was expected, but there is 'null'");
      }
      return new Json(value);
    } catch (JacksonException e) {
      throw new FixedRamException("not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** Wraps a value made of maps with text keys, lists, texts, numbers and booleans. */
  public static Json of(Object value) {
    return new Json(value);
  }

  /** The JSON text, on one line. */
  @Override
  public String toString() {
    return WITH_NULLS.asString(value);
  }

  /** The JSON text on several lines, with indentation. */
  public String pretty() {
    return WITH_NULLS.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(value);
  }

  /** The value as maps, lists, texts, numbers and booleans, for sending it back unchanged. */
  public Object raw() {
    return value;
  }

  /** A member of this object; empty if it is absent. */
  public Optional<Json> find(String member) {
    return value instanceof Map<?, ?> map
        ? Optional.ofNullable(map.get(member)).map(Json::new)
        : Optional.empty();
  }

  /**
   * A member of this object.
   *
   * @throws FixedRamException if it is absent
   */
  public Json get(String member) {
    return find(member).orElseThrow(() -> unexpected("an object with '" + member + "'"));
  }

  /** A text member of this object; empty if it is absent. */
  public Optional<String> findText(String member) {
    return find(member).map(Json::text);
  }

  /** A number member of this object; empty if it is absent. */
  public OptionalLong findNumber(String member) {
    Optional<Json> found = find(member);
    return found.isPresent() ? OptionalLong.of(found.get().number()) : OptionalLong.empty();
  }

  /** This value as a text. */
  public String text() {
    if (value instanceof String text) {
      return text;
    }
    throw unexpected("a text");
  }

  /** This value as a whole number; values outside of long are clamped. */
  public long number() {
    return switch (value) {
      case null -> throw unexpected("a whole number");
      case BigInteger big -> big.signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
      case Number number when number.doubleValue() == Math.rint(number.doubleValue()) ->
          number.longValue();
      default -> throw unexpected("a whole number");
    };
  }

  /** This value as true or false. */
  public boolean flag() {
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw unexpected("true or false");
  }

  /** The members of this object, in the order of the text, without those that are absent. */
  public Map<String, Json> members() {
    if (value instanceof Map<?, ?> map) {
      Map<String, Json> members = new LinkedHashMap<>();
      map.forEach((name, member) -> {
        if (name instanceof String text && member != null) {
          members.put(text, new Json(member));
        }
      });
      return members;
    }
    throw unexpected("an object");
  }

  /** The values of this array. */
  public List<Json> items() {
    if (value instanceof List<?> list) {
      return list.stream().<Json>map(Json::new).toList();
    }
    throw unexpected("an array");
  }

  private FixedRamException unexpected(String wanted) {
    String text = toString();
    return new FixedRamException(
        wanted
            + " was expected, but there is "
            + (text.length() > 200 ? text.substring(0, 200) + " ..." : text));
  }
}
