// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A value in the state of a device. */
public sealed interface DeviceValue {
  /**
   * A whole number.
   *
   * @param value the value; of unsigned numbers of 8 bytes the bits
   * @param bytes bytes that it has in the state, 1 to 8
   * @param signed whether QEMU takes it as signed
   */
  record Whole(long value, int bytes, boolean signed) implements DeviceValue {}

  /** True or false. */
  record Flag(boolean value) implements DeviceValue {}

  /** A name. */
  record Name(String value) implements DeviceValue {}

  /**
   * Bytes whose meaning the description does not tell: buffers, bitmaps, timers, floating-point
   * numbers.
   *
   * @param value the bytes, read-only
   */
  record Bytes(MemorySegment value) implements DeviceValue {
    /** Keeps a read-only view. */
    public Bytes {
      value = value.asReadOnly();
    }
  }

  /** An element of an array that is not there. */
  record Absent() implements DeviceValue {}

  /** The elements of an array. */
  record Elements(List<DeviceValue> values) implements DeviceValue {
    /** Copies the list. */
    public Elements {
      values = List.copyOf(values);
    }
  }

  /**
   * Values with names, in the order of the state. The subsections of a structure are members too,
   * after its fields.
   */
  record Structure(Map<String, DeviceValue> members) implements DeviceValue {
    /** Copies the map. */
    public Structure {
      members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    }

    /** A member; empty if there is none of that name. */
    public Optional<DeviceValue> find(String name) {
      return Optional.ofNullable(members.get(name));
    }
  }
}
