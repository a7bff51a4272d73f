// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.fixedram.guest.DeviceState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The state of a guest when it was saved, QEMU's RunState. It is in a section of the device state,
 * which old machine types omit for guests that ran or were paused:
 *
 * <pre>
 *   u8 4, be32 id, u8 11, "globalstate", be32 instance 0, be32 version 1
 *   be32 length of the name, including its NUL
 *   100 bytes: the name; from QEMU 9.0 on 32 bytes of it, then two flags of a guest that was
 *   suspended before it was stopped
 *   u8 7e, be32 id
 * </pre>
 *
 * @param name name of the state in QMP: running, paused, shutdown, ...
 */
public record SavedRunState(String name) {
  private static final MemorySegment HEAD =
      MemorySegment.ofArray(
          "\013globalstate\0\0\0\0\0\0\0\1".getBytes(StandardCharsets.ISO_8859_1));

  private static final ValueLayout.OfInt BE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static final int ID_BYTES = Integer.BYTES;
  private static final int NAME_BYTES = 100;
  private static final int BODY_BYTES = Integer.BYTES + NAME_BYTES;
  private static final byte SECTION_FULL = 4;
  private static final byte FOOTER = 0x7e;
  private static final Pattern NAME = Pattern.compile("[a-z][a-z-]{0,30}");

  /** States that QEMU can enter after loading a guest; it aborts for others. */
  private static final Set<String> LOADABLE =
      Set.of(
          "colo",
          "finish-migrate",
          "guest-panicked",
          "internal-error",
          "io-error",
          "paused",
          "postmigrate",
          "prelaunch",
          "running",
          "shutdown",
          "suspended",
          "watchdog");

  /** Reads the state; empty if the device state does not have it. */
  public static Optional<SavedRunState> of(DeviceState state) {
    MemorySegment sections = state.bytes().asSlice(0, state.sectionsBytes());
    long last = sections.byteSize() - HEAD.byteSize() - BODY_BYTES - 1 - ID_BYTES;
    for (long at = 1 + ID_BYTES; at <= last; at++) {
      if (sections.get(JAVA_BYTE, at) == HEAD.get(JAVA_BYTE, 0)
          && sections.asSlice(at, HEAD.byteSize()).mismatch(HEAD) < 0) {
        Optional<SavedRunState> found = at(sections, at);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<SavedRunState> at(MemorySegment sections, long head) {
    long body = head + HEAD.byteSize();
    long footer = body + BODY_BYTES;
    int length = sections.get(BE32, body) - 1;
    boolean section =
        sections.get(JAVA_BYTE, head - ID_BYTES - 1) == SECTION_FULL
            && sections.get(JAVA_BYTE, footer) == FOOTER
            && sections.get(BE32, footer + 1) == sections.get(BE32, head - ID_BYTES)
            && length > 0
            && length < NAME_BYTES
            && sections.get(JAVA_BYTE, body + Integer.BYTES + length) == 0;
    if (!section) {
      return Optional.empty();
    }
    byte[] text = sections.asSlice(body + Integer.BYTES, length).toArray(JAVA_BYTE);
    return Optional.of(new String(text, StandardCharsets.ISO_8859_1))
        .filter(NAME.asMatchPredicate())
        .map(SavedRunState::new);
  }

  /** Whether QEMU can load a guest in this state. */
  public boolean isLoadable() {
    return LOADABLE.contains(name);
  }

  /** Whether the guest ran, or was stopped by a command. */
  public boolean isOrdinary() {
    return name.equals("running") || name.equals("paused");
  }
}
