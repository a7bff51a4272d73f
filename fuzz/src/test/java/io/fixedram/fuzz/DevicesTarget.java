// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.guest.DeviceState;
import io.fixedram.qemu.migration.SavedRunState;
import io.fixedram.stream.OpaqueDevice;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.RandomGuests;
import io.fixedram.wire.ConfigurationDescription;
import io.fixedram.wire.DeviceSections;
import io.fixedram.wire.DeviceTail;
import io.fixedram.wire.MemoryStreams;
import io.fixedram.wire.StreamInput;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Device states: the end of a stream with QEMU's description, files of sections without one, and
 * the state of an embedded guest. The first byte says which.
 */
final class DevicesTarget implements FuzzTarget {
  private static final int FILE_OF_SECTIONS = 1;

  @Override
  public String name() {
    return "devices";
  }

  @Override
  public void read(byte[] input) {
    if (input.length == 0) {
      return;
    }
    MemorySegment bytes = MemorySegment.ofArray(Arrays.copyOfRange(input, 1, input.length));
    if (input[0] == FILE_OF_SECTIONS) {
      readSections(bytes);
    } else {
      readTail(bytes);
    }
  }

  private static void readSections(MemorySegment bytes) {
    DeviceSections sections = DeviceSections.read(bytes, "the input at offset 0");
    sections.list().forEach(section -> sections.find(section.name()));
    DeviceState state = sections.toDeviceState(4096);
    assertSame(state, tail(state.bytes()));
  }

  private static void readTail(MemorySegment bytes) {
    DeviceState state = tail(bytes);
    assertSame(state, tail(state.bytes()));
    var _ = state.describesFields();
    SavedRunState.of(state).ifPresent(SavedRunState::isLoadable);
    var configuration = SmallGuests.of(new Random(1)).header().configuration();
    byte[] end =
        MemoryStreams.write(out ->
            ConfigurationDescription.writeEnd(
                out, state, configuration, Optional.of("mapped-ram")));
    // Only the description of the configuration differs.
    MemorySegment sections = state.bytes().asSlice(0, state.sectionsBytes());
    byte[] all = new Bytes().raw(sections.toArray(JAVA_BYTE)).raw(end).toArray();
    DeviceState written = tail(MemorySegment.ofArray(all));
    if (written.sectionsBytes() != state.sectionsBytes()
        || written.description().isPresent() != state.description().isPresent()) {
      throw new AssertionError("another end of the devices in a file with another configuration");
    }
    var _ = OpaqueDevice.of(state);
  }

  private static DeviceState tail(MemorySegment bytes) {
    try (StreamInput in = MemoryStreams.read(bytes)) {
      return DeviceTail.read(in);
    }
  }

  private static void assertSame(DeviceState state, DeviceState again) {
    if (state.bytes().mismatch(again.bytes()) >= 0
        || state.sectionsBytes() != again.sectionsBytes()) {
      throw new AssertionError("a device state that is read differs when it is read again");
    }
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      seeds.add(new Bytes().u8(0).raw(RandomGuests.tail(new Random(i)).toBytes()).toArray());
    }
    Bytes state = new Bytes().full(7, "globalstate", 1).be32(8).text("running\0").zeros(92);
    byte[] section = state.footer(7).toArray();
    String json =
        "{\"page_size\": 4096, \"devices\": [{\"name\": \"globalstate\", \"fields\": []}]}";
    seeds.add(new Bytes().u8(0).raw(section).u8(0).u8(6).be32(json.length()).text(json).toArray());
    Bytes sections = new Bytes().u8(FILE_OF_SECTIONS).magic().full(3, "timer", 2).be64(5).footer(3);
    seeds.add(sections.raw(section).u8(0).toArray());
    byte[] opaque =
        new OpaqueDevice("vm", 1, MemorySegment.ofArray(new byte[] {1, 2, 3}))
            .toDeviceState()
            .bytes()
            .toArray(JAVA_BYTE);
    seeds.add(new Bytes().u8(0).raw(opaque).toArray());
    return seeds;
  }
}
