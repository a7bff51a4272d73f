// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.inspect.device.DeviceValue.Absent;
import io.fixedram.inspect.device.DeviceValue.Bytes;
import io.fixedram.inspect.device.DeviceValue.Elements;
import io.fixedram.inspect.device.DeviceValue.Flag;
import io.fixedram.inspect.device.DeviceValue.Name;
import io.fixedram.inspect.device.DeviceValue.Structure;
import io.fixedram.inspect.device.DeviceValue.Whole;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Decodes the state of one device by its description. Several fields that follow each other with
 * the same name are the elements of one array, which QEMU describes in parts where elements differ
 * or are absent.
 */
final class StateDecoder {
  private static final int SUBSECTION = 5;
  private static final char NULL_POINTER = '0';

  /** Of one device, against descriptions that ask for more values than there are bytes. */
  private static final int MAX_VALUES = 2_000_000;

  private final String name;
  private final StateInput in;
  private int values;

  /**
   * Creates a decoder.
   *
   * @param name name of the save in messages
   * @param in begins with the device's payload
   */
  StateDecoder(String name, StateInput in) {
    this.name = name;
    this.in = in;
  }

  /** Consumes a structure. */
  Structure structure(StructureDescription description) {
    Map<String, List<DeviceValue>> members = new LinkedHashMap<>();
    for (FieldDescription field : description.fields()) {
      List<DeviceValue> elements = members.computeIfAbsent(field.name(), _ -> new ArrayList<>());
      for (int i = 0; i < field.count(); i++) {
        elements.add(value(field));
      }
    }
    for (StructureDescription subsection : description.subsections()) {
      members
          .computeIfAbsent(subsection.name(), _ -> new ArrayList<>())
          .add(subsection(subsection));
    }
    Map<String, DeviceValue> result = new LinkedHashMap<>();
    members.forEach((member, elements) ->
        result.put(member, elements.size() == 1 ? elements.getFirst() : new Elements(elements)));
    return new Structure(result);
  }

  private Structure subsection(StructureDescription description) {
    count();
    long at = in.position();
    if (in.u8() != SUBSECTION || !in.name8().equals(description.name())) {
      throw in.damaged(at, "subsection " + description.name() + " is not here");
    }
    in.be32();
    return structure(description);
  }

  private DeviceValue value(FieldDescription field) {
    count();
    long at = in.position();
    return switch (field.type()) {
      case STRUCTURE -> structure(field.structure().orElseThrow());
      case CAPABILITY -> new Name(in.name8());
      case NULL_POINTER -> {
        if (in.u8() != NULL_POINTER) {
          throw in.damaged(at, "field " + field.name() + " is described as absent and is not");
        }
        yield new Absent();
      }
      case FLAG -> new Flag(in.unsigned(checkedSize(field, at)) != 0);
      case SIGNED -> new Whole(in.signed(checkedSize(field, at)), field.size(), true);
      case UNSIGNED -> new Whole(in.unsigned(checkedSize(field, at)), field.size(), false);
      case BYTES -> new Bytes(in.take(field.size()));
    };
  }

  private int checkedSize(FieldDescription field, long at) {
    if (field.size() < 1 || field.size() > Long.BYTES) {
      throw in.damaged(
          at, "field " + field.name() + " is described as a number of " + field.size() + " bytes");
    }
    return field.size();
  }

  private void count() {
    if (++values > MAX_VALUES) {
      throw new UnsupportedSaveException(
          name + " describes a device with more than " + MAX_VALUES + " values");
    }
  }
}
