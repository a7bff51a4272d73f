// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.testing.Bytes;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Descriptions as QEMU 10.0 writes them, and others. */
class ConfigurationDescriptionTest {
  private static final String REST = "\"page_size\": 4096, \"devices\": [{\"name\": \"timer\"}]}";
  private static final String NAME =
      "{\"configuration\": {\"vmsd_name\": \"configuration\", \"version\": 1, \"fields\":"
          + " [{\"name\": \"len\", \"type\": \"uint32\", \"size\": 4},"
          + " {\"name\": \"name\", \"type\": \"buffer\", \"size\": 14}]";
  private static final String STREAM = NAME + "}, " + REST;
  private static final String MAPPED_RAM =
      NAME
          + ", \"subsections\": [{\"vmsd_name\": \"configuration/capabilities\", \"version\": 1,"
          + " \"fields\": [{\"name\": \"caps_count\", \"type\": \"uint32\", \"size\": 4},"
          + " {\"name\": \"capabilities\", \"type\": \"capability\", \"size\": 11}]}]}, "
          + REST;
  private static final String MORE =
      NAME
          + ", \"subsections\": [{\"vmsd_name\": \"configuration/target-page-bits\", \"version\": 1,"
          + " \"fields\": [{\"name\": \"target_page_bits\", \"type\": \"uint32\", \"size\": 4}]},"
          + " {\"vmsd_name\": \"configuration/capabilities\", \"version\": 1,"
          + " \"fields\": [{\"name\": \"caps_count\", \"type\": \"uint32\", \"size\": 4},"
          + " {\"name\": \"capabilities\", \"array_len\": 2, \"type\": \"capability\", \"size\": 16}]},"
          + " {\"vmsd_name\": \"configuration/uuid\", \"version\": 1, \"fields\": [{\"name\":"
          + " \"uuid.data\", \"array_len\": 16, \"type\": \"uint8\", \"size\": 1}]}]}, "
          + REST;
  private static final Configuration PLAIN = Configuration.of("pc-i440fx-10.0");
  private static final Optional<String> LAYOUT = Optional.of("mapped-ram");

  private static String rewritten(
      String json, Configuration configuration, Optional<String> layout) {
    byte[] sections = {4, 5, 6};
    byte[] all = new Bytes().raw(sections).u8(0).u8(6).be32(json.length()).text(json).toArray();
    DeviceState state =
        new DeviceState(
            MemorySegment.ofArray(all),
            sections.length,
            Optional.of(MemorySegment.ofArray(json.getBytes(StandardCharsets.ISO_8859_1))));
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    try (StreamOutput out =
        new StreamOutput(ByteTarget.of(Channels.newChannel(written), "memory"), 4096)) {
      ConfigurationDescription.writeEnd(out, state, configuration, layout);
      out.flush();
    }
    String text = written.toString(StandardCharsets.ISO_8859_1).substring(6);
    byte[] head = new Bytes().u8(0).u8(6).be32(text.length()).toArray();
    assertThat(written.toByteArray()).startsWith(head);
    return text;
  }

  @Test
  void isAsQemuWritesIt() {
    assertThat(rewritten(STREAM, PLAIN, Optional.empty())).isEqualTo(STREAM);
    assertThat(rewritten(STREAM, PLAIN, LAYOUT)).isEqualTo(MAPPED_RAM);
    assertThat(rewritten(MAPPED_RAM, PLAIN, LAYOUT)).isEqualTo(MAPPED_RAM);
    assertThat(rewritten(MAPPED_RAM, PLAIN, Optional.empty())).isEqualTo(STREAM);
    Configuration more =
        new Configuration(
            PLAIN.machine(),
            List.of("x-ignore-shared"),
            OptionalInt.of(12),
            Optional.of(new UUID(1, 2)));
    assertThat(rewritten(STREAM, more, LAYOUT)).isEqualTo(MORE);
    assertThat(rewritten(MORE, PLAIN, Optional.empty())).isEqualTo(STREAM);
  }

  /** QEMUs before 8.2 do not write it, which is no fault until there is a subsection. */
  @Test
  void whereThereIsNone() {
    assertThat(rewritten("{" + REST, PLAIN, Optional.empty())).isEqualTo("{" + REST);
    assertThat(rewritten("{" + REST, PLAIN, LAYOUT)).isEqualTo(MAPPED_RAM);
    String spaces = "{ \"page_size\" : 4096, \"devices\" : [ ] }";
    assertThat(rewritten(spaces, PLAIN, LAYOUT))
        .startsWith("{ \"configuration\": {")
        .endsWith("}, \"page_size\" : 4096, \"devices\" : [ ] }");
  }

  @Test
  void whatIsNotUnderstoodStays() {
    for (String odd :
        List.of(
            "{\"configuration\": 7, \"devices\": [{]}",
            "{\"configuration\": \"{\\\"\", \"devices\": []}",
            "{\"configuration\"")) {
      assertThat(rewritten(odd, PLAIN, LAYOUT)).isEqualTo(odd);
    }
  }
}
