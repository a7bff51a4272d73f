// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.check;

import io.fixedram.error.FixedRamException;
import io.fixedram.store.PageStore;
import io.fixedram.wire.MemoryInput;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/** Reads the names of device sections from a save's description. */
public final class DescribedDevices {
  /**
   * Limits for hostile input, above the number of a machine's devices and the length of their
   * names.
   */
  private static final int MAX_DEVICES = 10_000;

  private static final int MAX_NAME_CHARS = 1000;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(MAX_NAME_CHARS).build())
          .build();

  private DescribedDevices() {}

  /**
   * Names of the device sections. Empty if they are unknown: the save is a stream that was not read
   * yet, or it has no description or an invalid one, which QEMU does not check either.
   */
  public static List<String> names(PageStore save) {
    if (!save.isRandomAccess()) {
      return List.of();
    }
    try {
      return save.deviceState().description().map(DescribedDevices::read).orElse(List.of());
    } catch (FixedRamException e) {
      return List.of();
    }
  }

  /** Parses the text incrementally, since it may be nearly as long as the largest device state. */
  private static List<String> read(MemorySegment text) {
    List<String> names = new ArrayList<>();
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), new MemoryInput(text))) {
      json.nextToken();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean devices = json.currentName().equals("devices");
        json.nextToken();
        if (devices) {
          readDevices(json, names);
        } else {
          json.skipChildren();
        }
      }
    } catch (JacksonException e) {
      return List.of();
    }
    return names.size() > MAX_DEVICES ? List.of() : names;
  }

  private static void readDevices(JsonParser json, List<String> names) {
    while (names.size() <= MAX_DEVICES && json.nextToken() == JsonToken.START_OBJECT) {
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean name = json.currentName().equals("name");
        if (json.nextToken() == JsonToken.VALUE_STRING && name) {
          names.add(json.getString());
        } else {
          json.skipChildren();
        }
      }
    }
  }
}
