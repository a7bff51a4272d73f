// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The device state comes with the begin of the stream; its end has none. */
class PostcopyEncoderTest {
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 8 << 12);

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final PostcopyEncoder encoder =
      new PostcopyEncoder(ByteTarget.of(Channels.newChannel(written), "the test"));

  @Test
  void deviceStateComesFirst() {
    Guest guest = Guest.of(RAM).with(RandomGuests.tail(new Random(1)));
    DeviceState state = guest.tail().toState();
    byte[] sections = new byte[Math.toIntExact(state.sectionsBytes())];
    MemorySegment.copy(state.bytes(), ValueLayout.JAVA_BYTE, 0, sections, 0, sections.length);
    try (encoder) {
      encoder.begin(guest.header(), state);
      byte[] begun = written.toByteArray();
      int run = 5;
      assertThat(
              Arrays.copyOfRange(begun, begun.length - run - sections.length, begun.length - run))
          .isEqualTo(sections);
      assertThat(begun[begun.length - run]).isEqualTo((byte) StreamFormat.COMMAND);
      encoder.zero(RAM, 0, RAM.usedLength());
      encoder.drain();
      int beforeEnd = written.size();
      encoder.end();
      byte[] all = written.toByteArray();
      // SECTION_END with its id, the end of the ram's payload, and a footer with the id.
      assertThat(all).hasSize(beforeEnd + 5 + 8 + 5 + 1).endsWith((byte) StreamFormat.EOF);
    }
  }

  @Test
  void pagesBeforeTheBegin() {
    try (encoder) {
      assertThatThrownBy(() -> encoder.zero(RAM, 0, 4096))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("pages before begin");
    }
  }
}
