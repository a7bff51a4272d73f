// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.export;

import io.fixedram.inspect.address.MapRange;
import io.fixedram.inspect.address.MemoryMap;
import io.fixedram.inspect.device.X86Registers;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A core file of a guest (ELF, System V ABI): one segment PT_NOTE with its processors, one PT_LOAD
 * for each range of guest-physical addresses, whose virtual address is the physical one, as in a
 * file of QEMU's dump-guest-memory without paging.
 */
public final class ElfCore {
  private static final int HEADER_BYTES = 64;
  private static final int SEGMENT_BYTES = 56;
  private static final short TYPE_CORE = 4;
  private static final short MACHINE_X86_64 = 62;
  private static final int LOAD = 1;
  private static final int NOTE = 4;
  private static final int FLAGS_READ_WRITE_EXECUTE = 7;

  /** Pages of the guest are pages of the file, so that a reader can map them. */
  private static final long ALIGNMENT_BYTES = 4096;

  private ElfCore() {}

  /**
   * The layout of a core file.
   *
   * @param map the guest's memory
   * @param processors its processors, in order; of 32-bit guests with the upper halves 0
   * @param guestNote a note that the guest made of itself (VMCOREINFO), whole; may be empty
   */
  public static ImageLayout layout(
      MemoryMap map, List<X86Registers> processors, MemorySegment guestNote) {
    List<MapRange> ranges = joined(map);
    byte[] notes = CoreNotes.of(processors);
    long notesAt = HEADER_BYTES + (long) SEGMENT_BYTES * (1 + ranges.size());
    long notesBytes = notes.length + guestNote.byteSize();
    long position = (notesAt + notesBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    ByteBuffer head = ByteBuffer.allocate((int) notesAt).order(ByteOrder.LITTLE_ENDIAN);
    header(head, 1 + ranges.size());
    segment(head, NOTE, 0, notesAt, 0, notesBytes);
    List<ImagePart> parts = new ArrayList<>();
    for (MapRange range : ranges) {
      segment(head, LOAD, FLAGS_READ_WRITE_EXECUTE, position, range.address(), range.bytes());
      parts.add(ImageLayout.part(position, range));
      position += range.bytes();
    }
    return new ImageLayout(
        List.of(
            new ImageLayout.Head(0, MemorySegment.ofArray(head.array())),
            new ImageLayout.Head(notesAt, MemorySegment.ofArray(notes)),
            new ImageLayout.Head(notesAt + notes.length, guestNote)),
        parts,
        position);
  }

  /** The ranges, neighbours joined that are neighbours in their block too. */
  private static List<MapRange> joined(MemoryMap map) {
    List<MapRange> joined = new ArrayList<>();
    for (MapRange each : map.ranges()) {
      if (!joined.isEmpty() && follows(joined.getLast(), each)) {
        MapRange last = joined.removeLast();
        joined.add(
            new MapRange(
                last.address(), last.bytes() + each.bytes(), last.block(), last.offset(), true));
      } else {
        joined.add(each);
      }
    }
    return joined;
  }

  private static boolean follows(MapRange before, MapRange each) {
    return before.end() == each.address()
        && before.block().equals(each.block())
        && before.offset() + before.bytes() == each.offset();
  }

  private static void header(ByteBuffer out, int segments) {
    out.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
    out.putShort(TYPE_CORE).putShort(MACHINE_X86_64).putInt(1);
    out.putLong(0).putLong(HEADER_BYTES).putLong(0).putInt(0);
    out.putShort((short) HEADER_BYTES).putShort((short) SEGMENT_BYTES).putShort((short) segments);
    out.putShort((short) 0).putShort((short) 0).putShort((short) 0);
  }

  private static void segment(
      ByteBuffer out, int type, int flags, long position, long address, long bytes) {
    out.putInt(type).putInt(flags).putLong(position).putLong(address).putLong(address);
    out.putLong(bytes).putLong(type == LOAD ? bytes : 0).putLong(0);
  }
}
