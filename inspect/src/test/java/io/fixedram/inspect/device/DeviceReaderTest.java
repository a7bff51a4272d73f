// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import io.fixedram.inspect.device.DeviceValue.Absent;
import io.fixedram.inspect.device.DeviceValue.Bytes;
import io.fixedram.inspect.device.DeviceValue.Elements;
import io.fixedram.inspect.device.DeviceValue.Flag;
import io.fixedram.inspect.device.DeviceValue.Name;
import io.fixedram.inspect.device.DeviceValue.Structure;
import io.fixedram.inspect.device.DeviceValue.Whole;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceReaderTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private DeviceReaderTest u8(int... values) {
    for (int each : values) {
      bytes.write(each);
    }
    return this;
  }

  private DeviceReaderTest be32(int value) {
    return u8(value >> 24, value >> 16, value >> 8, value);
  }

  private DeviceReaderTest text(String text) {
    return u8(text.length()).raw(text);
  }

  private DeviceReaderTest raw(String text) {
    bytes.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    return this;
  }

  private DeviceReaderTest section(int id, String name, int instance) {
    return u8(4).be32(id).text(name).be32(instance).be32(3);
  }

  private DeviceReaderTest footer(int id) {
    return u8(0x7e).be32(id);
  }

  private DeviceReader reader(String description) {
    int sections = bytes.size();
    u8(0);
    byte[] json = description.getBytes(StandardCharsets.UTF_8);
    return new DeviceReader(
        "a save",
        new DeviceState(
            MemorySegment.ofArray(bytes.toByteArray()),
            sections,
            json.length == 0 ? Optional.empty() : Optional.of(MemorySegment.ofArray(json))));
  }

  private static List<Device> read(DeviceReader reader) {
    List<Device> devices = new ArrayList<>();
    reader.forEach(devices::add);
    return devices;
  }

  private static String devices(String... devices) {
    return "{\"page_size\": 4096, \"devices\": [" + String.join(", ", devices) + "]}";
  }

  private static String device(String name, int instance, String fields, String more) {
    return "{\"name\": \"%s\", \"instance_id\": %d, \"vmsd_name\": \"%s\", \"fields\": [%s]%s}"
        .formatted(name, instance, name, fields, more);
  }

  private static String field(String name, String type, int size) {
    return "{\"name\": \"%s\", \"type\": \"%s\", \"size\": %d}".formatted(name, type, size);
  }

  @Test
  void everyTypeOfField() {
    section(7, "all", 0)
        .u8(1)
        .u8(0xff)
        .u8(0xff, 0xfe)
        .u8(0x80, 0, 0, 1)
        .u8(0, 0, 0, 0, 0, 0, 0, 5)
        .u8(0xff)
        .text("x-cap")
        .raw("0")
        .u8(1, 2, 3)
        .footer(7);
    Device device =
        read(reader(
                devices(
                    device(
                        "all",
                        0,
                        String.join(
                            ",",
                            field("flag", "bool", 1),
                            field("s8", "int8", 1),
                            field("s16", "int16", 2),
                            field("s32", "int32 le", 4),
                            field("u64", "uint64", 8),
                            field("same", "uint8 equal", 1),
                            field("cap", "capability", 10),
                            field("none", "nullptr", 1),
                            field("buffer", "buffer", 3)),
                        ""))))
            .getFirst();
    assertThat(device.name()).isEqualTo("all");
    assertThat(device.section()).isEqualTo(7);
    assertThat(device.version()).isEqualTo(3);
    assertThat(device.complete()).isTrue();
    Structure state = device.state().orElseThrow();
    assertThat(state.find("flag")).contains(new Flag(true));
    assertThat(state.find("s8")).contains(new Whole(-1, 1, true));
    assertThat(state.find("s16")).contains(new Whole(-2, 2, true));
    assertThat(state.find("s32")).contains(new Whole(0xffffffff80000001L, 4, true));
    assertThat(state.find("u64")).contains(new Whole(5, 8, false));
    assertThat(state.find("same")).contains(new Whole(255, 1, false));
    assertThat(state.find("cap")).contains(new Name("x-cap"));
    assertThat(state.find("none")).contains(new Absent());
    assertThat(((Bytes) state.find("buffer").orElseThrow()).value().toArray(ValueLayout.JAVA_BYTE))
        .containsExactly(1, 2, 3);
  }

  /** QEMU describes an array in parts where some of its elements are absent. */
  @Test
  void arraysStructuresAndSubsections() {
    section(1, "dev", 2).u8(1, 2, 3).raw("0").u8(9).u8(5).text("dev/more").be32(1).u8(8).footer(1);
    String element =
        "\"type\": \"struct\", \"size\": 1, \"struct\": {\"fields\": [%s]}"
            .formatted(field("x", "uint8", 1));
    Device device =
        read(reader(
                devices(
                    device(
                        "dev",
                        2,
                        "{\"name\": \"n\", \"array_len\": 2, \"type\": \"uint8\", \"size\": 1},"
                            + "{\"name\": \"p\", \"index\": 0, %s},".formatted(element)
                            + "{\"name\": \"p\", \"index\": 1, \"type\": \"nullptr\", \"size\": 1},"
                            + "{\"name\": \"p\", \"index\": 2, %s}".formatted(element),
                        ", \"subsections\": [{\"vmsd_name\": \"dev/more\", \"version\": 1,"
                            + " \"fields\": [%s]}]".formatted(field("y", "uint8", 1))))))
            .getFirst();
    Structure state = device.state().orElseThrow();
    assertThat(state.find("n"))
        .contains(new Elements(List.of(new Whole(1, 1, false), new Whole(2, 1, false))));
    assertThat(((Elements) state.find("p").orElseThrow()).values())
        .hasSize(3)
        .contains(new Absent());
    assertThat(state.find("dev/more").flatMap(each -> ((Structure) each).find("y")))
        .contains(new Whole(8, 1, false));
  }

  /** As of a save in place. */
  @Test
  void namesAndLengthsOnly() {
    section(1, "a", 0).u8(1, 2, 3).footer(1).section(2, "b", 0).footer(2);
    DeviceReader reader =
        reader(
            devices(
                "{\"name\": \"a\", \"instance_id\": 0, \"version\": 3, \"size\": 3}",
                "{\"name\": \"b\", \"instance_id\": 0, \"version\": 3, \"size\": 0}"));
    assertThat(reader.knowledge()).isEqualTo(DeviceReader.Knowledge.NAMES);
    assertThat(read(reader)).extracting(Device::name).containsExactly("a", "b");
    assertThat(read(reader)).extracting(Device::bytes).containsExactly(3L, 0L);
    assertThat(read(reader)).extracting(Device::state).containsOnly(Optional.empty());
  }

  @Test
  void withoutDescription() {
    section(1, "a", 0).u8(1, 2, 3).footer(1).section(2, "b", 0).footer(2);
    DeviceReader reader = reader("");
    assertThat(reader.knowledge()).isEqualTo(DeviceReader.Knowledge.SEARCHED);
    assertThat(read(reader)).extracting(Device::bytes).containsExactly(3L, 0L);
  }

  @Test
  void damagedState() {
    section(1, "a", 0).u8(1);
    DeviceReader cut = reader(devices(device("a", 0, field("x", "uint64", 8), "")));
    assertThatThrownBy(() -> read(cut))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessage(
            "a save has a damaged device state at its offset 15: the state ends within 8 bytes that"
                + " are described here");
    DeviceReader other = reader(devices(device("b", 0, field("x", "uint8", 1), "")));
    assertThatThrownBy(() -> read(other))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("device a is not described");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"devices\": 7}",
        "{\"page_size\": 4096}",
        "{\"devices\": [{\"name\": \"a\", \"instance_id\": 0, \"fields\": 7}]}",
        "{\"devices\": [{\"name\": \"a\", \"instance_id\": \"x\"}]}",
        "{\"devices\": [{\"name\": \"a\", \"instance_id\": 0, \"fields\": [{\"type\": \"struct\"}]}]}",
        "{\"devices\": [{\"name\": \"a\", \"instance_id\": 0, \"fields\": [{\"array_len\": -1}]}]}",
        "{\"devices\": [{\"name\": \"a\", \"instance_id\": 0, \"fields\": [{\"size\": 1e99}]}]}",
        "{\"devices\": [{\"name\": \"a\", \"fields\": [{\"type\": \"uint8\", \"size\": 9}]}]}",
        "{\"devices\": [{\"name\": \"a\"",
        "[]",
        "nothing"
      })
  void damagedDescriptions(String description) {
    section(1, "a", 0).raw("0123456789abcdef").footer(1);
    DeviceReader reader = reader(description);
    assertThatThrownBy(() -> read(reader)).isInstanceOf(DamagedSaveException.class);
  }

  /** Descriptions that ask for more values than any device has. */
  @Test
  void hasLimits() {
    section(1, "a", 0);
    DeviceReader many =
        reader(
            devices(
                device(
                    "a",
                    0,
                    "{\"name\": \"x\", \"array_len\": 2000000000, \"type\": \"buffer\", \"size\": 0}",
                    "")));
    assertThatThrownBy(() -> read(many))
        .isInstanceOf(UnsupportedSaveException.class)
        .hasMessageContaining("more than 2000000 values");
    String deep = "{\"struct\": {\"fields\": [".repeat(500);
    DeviceReader nested = reader("{\"devices\": [{\"name\": \"a\", \"fields\": [" + deep);
    assertThatThrownBy(() -> read(nested)).isInstanceOf(DamagedSaveException.class);
  }
}
