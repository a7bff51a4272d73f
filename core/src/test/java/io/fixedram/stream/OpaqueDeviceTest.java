// SPDX-License-Identifier: Apache-2.0
package io.fixedram.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.DeviceState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OpaqueDeviceTest {
  private static MemorySegment random(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return MemorySegment.ofArray(content);
  }

  @Test
  void comesBackFromItsState() {
    for (int bytes : new int[] {0, 1, 5, 6, 100, 70_000, 1 << 20}) {
      DeviceState state = new OpaqueDevice("a/device", 7, random(bytes)).toDeviceState();
      OpaqueDevice back = OpaqueDevice.of(state);
      assertThat(back.name()).isEqualTo("a/device");
      assertThat(back.version()).isEqualTo(7);
      assertThat(back.payload().mismatch(random(bytes))).isEqualTo(-1);
      byte[] description = state.description().orElseThrow().toArray(ValueLayout.JAVA_BYTE);
      assertThat(new String(description, StandardCharsets.US_ASCII))
          .isEqualTo(
              "{\"page_size\": 4096, \"devices\": [{\"name\": \"a/device\", \"instance_id\": 0,"
                  + " \"vmsd_name\": \"a/device\", \"version\": 7, \"fields\": [{\"name\":"
                  + " \"payload\", \"type\": \"buffer\", \"size\": "
                  + bytes
                  + "}]}]}");
    }
  }

  @Test
  void bytesAreASectionItsFooterTheEndAndTheDescription() {
    byte[] bytes =
        new OpaqueDevice("dev", 1, MemorySegment.ofArray(new byte[] {9}))
            .toDeviceState()
            .bytes()
            .toArray(ValueLayout.JAVA_BYTE);
    byte[] head = {
      4, 0, 0, 0, 2, 3, 'd', 'e', 'v', 0, 0, 0, 0, 0, 0, 0, 1, 9, 0x7e, 0, 0, 0, 2, 0, 6
    };
    assertThat(bytes).startsWith(head).endsWith('}', ']', '}');
  }

  /** A state within a state: a reader would take its end for the end of the whole. */
  @Test
  void stateThatHoldsTheEndOfAStreamIsRefused() {
    MemorySegment inner = new OpaqueDevice("inner", 1, random(10)).toDeviceState().bytes();
    OpaqueDevice outer = new OpaqueDevice("outer", 1, inner);
    assertThatThrownBy(outer::toDeviceState)
        .isInstanceOf(UnsupportedSaveException.class)
        .hasMessage("device outer has a state that holds the end of a migration stream");
  }

  @Test
  void namesAndSizesHaveBounds() {
    for (String name : new String[] {"", "a b", "a\"b", "ä", "x".repeat(256)}) {
      assertThatThrownBy(() -> new OpaqueDevice(name, 1, random(1)))
          .isInstanceOf(FixedRamException.class)
          .hasMessageStartingWith("a device cannot be named");
    }
    assertThat(new OpaqueDevice("x".repeat(255), 1, random(1)).toDeviceState().sizeBytes())
        .isPositive();
    MemorySegment large = random(DeviceState.MAX_BYTES / 2 + 1);
    assertThatThrownBy(() -> new OpaqueDevice("x", 1, large))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("has a state of 33554433 bytes, more than 33554432");
  }

  @Test
  void statesOfOtherGuestsAreRefused() {
    byte[] good =
        new OpaqueDevice("dev", 1, random(1))
            .toDeviceState()
            .bytes()
            .toArray(ValueLayout.JAVA_BYTE);
    for (int damaged : new int[] {0, 4, 9 + 3, 18}) {
      byte[] bytes = good.clone();
      bytes[damaged] ^= 1;
      assertThatThrownBy(() -> OpaqueDevice.of(state(bytes, 23)))
          .as("byte %d", damaged)
          .isInstanceOf(UnsupportedSaveException.class)
          .hasMessageContaining("not that of an embedded guest");
    }
    for (int length = 0; length < 22; length++) {
      int sections = length;
      assertThatThrownBy(() -> OpaqueDevice.of(state(good, sections)))
          .as("%d bytes", length)
          .isInstanceOf(UnsupportedSaveException.class);
    }
  }

  private static DeviceState state(byte[] bytes, long sections) {
    return new DeviceState(MemorySegment.ofArray(bytes), sections, Optional.empty());
  }
}
