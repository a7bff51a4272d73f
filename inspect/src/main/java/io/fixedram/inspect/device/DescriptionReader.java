// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.wire.MemoryInput;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the VMDESCRIPTION of a save (JSON, written by QEMU's migration/vmstate.c) device by device:
 *
 * <pre>
 *   {"page_size": N, "devices": [
 *     {"name": ..., "instance_id": N, "vmsd_name": ..., "version": N,
 *      "fields": [{"name": ..., "type": ..., "size": N, "array_len": N, "struct": {...}}, ...],
 *      "subsections": [{"vmsd_name": ..., "version": N, "fields": [...]}, ...]}, ...]}
 * </pre>
 *
 * <p>A {@code struct} has {@code vmsd_name}, {@code version}, {@code fields} and {@code
 * subsections} like a device. {@code array_len} is the number of equal elements that one field
 * stands for. Memory is bounded by the description of one device. Not thread-safe.
 */
final class DescriptionReader implements AutoCloseable {
  private static final int MAX_NAME_CHARS = 1000;

  /** Of one device; more than any device of QEMU has, less than hostile input could ask for. */
  private static final int MAX_FIELDS = 200_000;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(MAX_NAME_CHARS)
                  .maxNestingDepth(200)
                  .build())
          .build();

  private final String name;
  private final JsonParser json;
  private boolean inDevices;
  private int fields;

  /**
   * Starts reading.
   *
   * @param name name of the save in messages
   * @throws DamagedSaveException if the text is not such a description
   */
  DescriptionReader(String name, MemorySegment text) {
    this.name = name;
    this.json = JSON.createParser(ObjectReadContext.empty(), new MemoryInput(text));
  }

  /** The next device; empty after the last one. */
  Optional<DeviceDescription> next() {
    try {
      if (!inDevices) {
        findDevices();
      }
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      fields = 0;
      return Optional.of(device());
    } catch (JacksonException e) {
      throw damaged(e.getOriginalMessage());
    }
  }

  private void findDevices() {
    expect(json.nextToken(), JsonToken.START_OBJECT);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean devices = json.currentName().equals("devices");
      JsonToken value = json.nextToken();
      if (devices) {
        expect(value, JsonToken.START_ARRAY);
        inDevices = true;
        return;
      }
      json.skipChildren();
    }
    throw damaged("it has no list of devices");
  }

  private DeviceDescription device() {
    String sectionName = "";
    long instance = 0;
    OptionalLong bytes = OptionalLong.empty();
    String structureName = "";
    Optional<List<FieldDescription>> members = Optional.empty();
    List<StructureDescription> subsections = List.of();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String member = json.currentName();
      json.nextToken();
      switch (member) {
        case "name" -> sectionName = json.getString();
        case "instance_id" -> instance = json.getLongValue();
        case "size" -> bytes = OptionalLong.of(json.getLongValue());
        case "vmsd_name" -> structureName = json.getString();
        case "fields" -> members = Optional.of(fields());
        case "subsections" -> subsections = subsections();
        default -> json.skipChildren();
      }
    }
    List<StructureDescription> after = subsections;
    String structure = structureName;
    return new DeviceDescription(
        sectionName,
        instance,
        bytes,
        members.map(list -> new StructureDescription(structure, list, after)));
  }

  private List<StructureDescription> subsections() {
    expect(json.currentToken(), JsonToken.START_ARRAY);
    List<StructureDescription> list = new ArrayList<>();
    while (json.nextToken() == JsonToken.START_OBJECT) {
      list.add(structure());
    }
    return list;
  }

  private StructureDescription structure() {
    expect(json.currentToken(), JsonToken.START_OBJECT);
    count();
    String structureName = "";
    List<FieldDescription> members = List.of();
    List<StructureDescription> subsections = List.of();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String member = json.currentName();
      json.nextToken();
      switch (member) {
        case "vmsd_name" -> structureName = json.getString();
        case "fields" -> members = fields();
        case "subsections" -> subsections = subsections();
        default -> json.skipChildren();
      }
    }
    return new StructureDescription(structureName, members, subsections);
  }

  private List<FieldDescription> fields() {
    expect(json.currentToken(), JsonToken.START_ARRAY);
    List<FieldDescription> list = new ArrayList<>();
    while (json.nextToken() == JsonToken.START_OBJECT) {
      list.add(field());
    }
    return list;
  }

  private FieldDescription field() {
    count();
    String fieldName = "";
    FieldType type = FieldType.BYTES;
    int size = 0;
    int elements = 1;
    Optional<StructureDescription> structure = Optional.empty();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String member = json.currentName();
      json.nextToken();
      switch (member) {
        case "name" -> fieldName = json.getString();
        case "type" -> type = FieldType.of(json.getString());
        case "size" -> size = json.getIntValue();
        case "array_len" -> elements = json.getIntValue();
        case "struct" -> structure = Optional.of(structure());
        default -> json.skipChildren();
      }
    }
    if (size < 0 || elements < 0 || (type == FieldType.STRUCTURE && structure.isEmpty())) {
      throw damaged("field " + fieldName + " can't be as it says");
    }
    return new FieldDescription(fieldName, type, size, elements, structure);
  }

  private void count() {
    if (++fields > MAX_FIELDS) {
      throw damaged("a device has more than " + MAX_FIELDS + " fields");
    }
  }

  private void expect(JsonToken token, JsonToken wanted) {
    if (token != wanted) {
      throw damaged("it has something else where " + wanted + " should be");
    }
  }

  private DamagedSaveException damaged(String what) {
    return new DamagedSaveException(
        name
            + " has a damaged description of its devices, near its character "
            + json.currentLocation().getByteOffset()
            + ": "
            + what);
  }

  @Override
  public void close() {
    json.close();
  }
}
