// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.wire.DeviceSections.Section;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeviceSectionsTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(bytes);

  DeviceSectionsTest() throws IOException {
    out.writeInt(StreamFormat.MAGIC);
    out.writeInt(StreamFormat.VERSION);
  }

  private static byte[] head(int id, String name, int instance, int version) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(StreamFormat.SECTION_FULL);
    out.writeInt(id);
    out.writeByte(name.length());
    out.writeBytes(name);
    out.writeInt(instance);
    out.writeInt(version);
    return bytes.toByteArray();
  }

  private static byte[] footer(int id) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(StreamFormat.FOOTER);
    out.writeInt(id);
    return bytes.toByteArray();
  }

  private void section(int id, String name, byte[]... payload) throws IOException {
    out.write(head(id, name, 0, 1));
    for (byte[] part : payload) {
      out.write(part);
    }
    out.write(footer(id));
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private DeviceSections read() throws IOException {
    out.writeByte(StreamFormat.EOF);
    return DeviceSections.read(MemorySegment.ofArray(bytes.toByteArray()), "the state");
  }

  @Test
  void sectionsOneAfterTheOther() throws IOException {
    section(0, "timer", random(24));
    section(70_000, "0000:00:03.0/a \"device\"", random(100_000));
    section(3, "empty");
    section(43, "globalstate", random(104));
    DeviceSections sections = read();
    assertThat(sections.list())
        .extracting(Section::name)
        .containsExactly("timer", "0000:00:03.0/a \"device\"", "empty", "globalstate");
    assertThat(sections.list()).extracting(Section::id).containsExactly(0, 70_000, 3, 43);
    assertThat(sections.list())
        .extracting(section -> section.payload().byteSize())
        .containsExactly(24L, 100_000L, 0L, 104L);
    assertThat(sections.find("timer").orElseThrow().payload().toArray(JAVA_BYTE))
        .isEqualTo(random(24));
    assertThat(sections.find("another")).isEmpty();
  }

  @Test
  void stateWithAnEndAndADescription() throws IOException {
    section(0, "timer", random(24));
    section(1, "a \\\\ \"device\"", random(10));
    byte[] before = bytes.toByteArray();
    DeviceSections sections = read();
    sections.list().getFirst().payload().set(JAVA_BYTE, 0, (byte) 77);
    DeviceState state = sections.toDeviceState(4096);
    before[8 + 1 + 4 + 1 + "timer".length() + 8] = 77;
    assertThat(state.sectionsBytes()).isEqualTo(before.length - 8);
    assertThat(state.bytes().asSlice(0, state.sectionsBytes()).toArray(JAVA_BYTE))
        .isEqualTo(Arrays.copyOfRange(before, 8, before.length));
    assertThat(
            new String(
                state.description().orElseThrow().toArray(JAVA_BYTE), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"page_size\": 4096, \"devices\": [{\"name\": \"timer\", \"instance_id\": 0,"
                + " \"version\": 1, \"size\": 24}, {\"name\": \"a \\\\\\\\ \\\"device\\\"\","
                + " \"instance_id\": 0, \"version\": 1, \"size\": 10}]}");
  }

  /** A device's buffer with the end of its section in it, and the begin of one that is known. */
  @Test
  void payloadThatLooksLikeAnEnd() throws IOException {
    section(5, "one", random(7), footer(5), head(5, "fake", 0, 1), footer(5), head(60, "x", 0, 1));
    section(6, "two", footer(6), random(9));
    section(7, "three", random(4), head(8, "fake", 0, 1), footer(8));
    DeviceSections sections = read();
    assertThat(sections.list()).extracting(Section::name).containsExactly("one", "two", "three");
  }

  /** One that could be either: the buffer has a section in it that another's footer ends. */
  @Test
  void payloadThatCannotBeToldFromAnEnd() throws IOException {
    section(5, "one", random(7), footer(5), head(9, "fake", 0, 1), random(3));
    section(9, "two", random(9));
    assertThatThrownBy(this::read)
        .isInstanceOf(UnsupportedSaveException.class)
        .hasMessageContaining("can't be distinguished");
  }

  @Test
  void endlessWaysToReadIt() throws IOException {
    for (int i = 0; i < 200; i++) {
      out.write(head(i, "many", i, 1));
      for (int id = 0; id < 200; id++) {
        out.write(footer(id));
        out.write(head(id, "fake", 0, 1));
      }
      out.write(footer(i));
    }
    assertThatThrownBy(this::read).isInstanceOf(UnsupportedSaveException.class);
  }

  @Test
  void stateWithTheEndOfAStream() throws IOException {
    String json = "{\"devices\": []}";
    section(
        5,
        "one",
        new byte[] {0, 6, 0, 0, 0, (byte) json.length()},
        json.getBytes(StandardCharsets.US_ASCII));
    DeviceSections sections = read();
    assertThatThrownBy(() -> sections.toDeviceState(4096))
        .isInstanceOf(UnsupportedSaveException.class)
        .hasMessageContaining("the end of a migration stream");
  }

  @Test
  void whatHasNoFooters() throws IOException {
    out.write(head(0, "timer", 0, 1));
    out.write(random(24));
    assertThatThrownBy(this::read)
        .isInstanceOf(UnsupportedSaveException.class)
        .hasMessageContaining("whose ends can't be told");
  }

  @Test
  void whatIsNoFile() throws IOException {
    for (byte[] file : new byte[][] {{}, random(5), random(200), bytes.toByteArray()}) {
      assertNoFile(file, 0);
    }
    out.write(random(5));
    out.writeByte(1);
    assertNoFile(bytes.toByteArray(), 13);
  }

  private static void assertNoFile(byte[] file, int offset) {
    assertThatThrownBy(() -> DeviceSections.read(MemorySegment.ofArray(file), "the state"))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessage(
            "the state is not what QEMU writes of devices: offset "
                + offset
                + " has something else");
  }
}
