// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.inspect.device.DeviceValue.Structure;
import io.fixedram.wire.DeviceSections;
import io.fixedram.wire.StreamFormat;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads the devices of a device state. With a description that has fields, each is decoded. With a
 * description of names only, as a save in place has, and without any, only processors of x86 are.
 * Any number of threads may use one.
 */
public final class DeviceReader {
  private final String name;
  private final DeviceState state;

  /** How much is known of a device state. */
  public enum Knowledge {
    /** Names, lengths and fields. */
    FIELDS,
    /** Names and lengths. */
    NAMES,
    /** Nothing: names and lengths are found by a search that has only one result. */
    SEARCHED
  }

  /**
   * Creates a reader.
   *
   * @param name name of the save in messages
   */
  public DeviceReader(String name, DeviceState state) {
    this.name = name;
    this.state = state;
  }

  /** How much is known of the devices. */
  public Knowledge knowledge() {
    if (state.description().isEmpty()) {
      return Knowledge.SEARCHED;
    }
    return state.describesFields() ? Knowledge.FIELDS : Knowledge.NAMES;
  }

  /**
   * Reads all devices in the order of the state. One device is in memory at a time, unless the
   * receiver keeps it.
   *
   * @throws DamagedSaveException if the state is not as described
   * @throws UnsupportedSaveException if there is no description and the ends of the devices are
   *     ambiguous
   */
  public void forEach(Consumer<Device> consumer) {
    Optional<MemorySegment> description = state.description();
    if (description.isEmpty()) {
      DeviceSections.of(state, name).list().forEach(section -> consumer.accept(device(section)));
      return;
    }
    try (DescriptionReader reader = new DescriptionReader(name, description.get())) {
      new Walk(reader).run(consumer);
    }
  }

  private Device device(DeviceSections.Section section) {
    MemorySegment payload = section.payload();
    return ProcessorLayout.decode(
        name,
        new Device(
            section.name(),
            section.instance(),
            section.version(),
            section.id(),
            payload.address() - state.bytes().address(),
            payload.byteSize(),
            Optional.empty(),
            false),
        state.bytes());
  }

  /** One pass over the sections and their descriptions, which have the same order. */
  private final class Walk {
    private final DescriptionReader descriptions;
    private final StateInput in = new StateInput(name, state.bytes(), 0, state.sectionsBytes());

    /**
     * Descriptions that were passed by: devices that come later, or in another part of a stream.
     */
    private final List<DeviceDescription> passed = new ArrayList<>();

    Walk(DescriptionReader descriptions) {
      this.descriptions = descriptions;
    }

    void run(Consumer<Device> consumer) {
      while (!in.atEnd()) {
        long at = in.position();
        if (in.u8() != StreamFormat.SECTION_FULL) {
          throw in.damaged(at, "no section of a device begins here");
        }
        int id = in.be32();
        String section = in.name8();
        int instance = in.be32();
        int version = in.be32();
        DeviceDescription description = description(section, instance, at);
        consumer.accept(device(description, id, instance, version));
        if (!in.atEnd() && in.peek() == StreamFormat.FOOTER) {
          long footer = in.position();
          in.u8();
          if (in.be32() != id) {
            throw in.damaged(footer, "device " + section + " ends with the footer of another");
          }
        }
      }
    }

    private Device device(DeviceDescription description, int id, int instance, int version) {
      long from = in.position();
      Optional<Structure> decoded =
          description.state().map(structure -> new StateDecoder(name, in).structure(structure));
      if (decoded.isEmpty()) {
        in.take(
            description
                .bytes()
                .orElseThrow(
                    () -> in.damaged(from, "device " + description.name() + " has no length")));
      }
      Device device =
          new Device(
              description.name(),
              instance,
              version,
              id,
              from,
              in.position() - from,
              decoded,
              decoded.isPresent());
      return decoded.isPresent() ? device : ProcessorLayout.decode(name, device, state.bytes());
    }

    private DeviceDescription description(String section, int instance, long at) {
      Iterator<DeviceDescription> earlier = passed.iterator();
      while (earlier.hasNext()) {
        DeviceDescription each = earlier.next();
        if (each.describes(section, instance)) {
          earlier.remove();
          return each;
        }
      }
      while (true) {
        DeviceDescription next =
            descriptions
                .next()
                .orElseThrow(() -> in.damaged(at, "device " + section + " is not described"));
        if (next.describes(section, instance)) {
          return next;
        }
        passed.add(next);
        if (passed.size() > MAX_PASSED) {
          throw in.damaged(at, "device " + section + " is not described");
        }
      }
    }
  }

  /** Devices out of order are few. */
  private static final int MAX_PASSED = 100;
}
