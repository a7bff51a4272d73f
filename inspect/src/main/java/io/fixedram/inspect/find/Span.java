// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import io.fixedram.guest.RamBlock;
import io.fixedram.inspect.address.MapRange;
import io.fixedram.inspect.address.MemoryMap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A range of a block that is searched.
 *
 * @param block the block
 * @param offset offset of its first byte in the block
 * @param bytes length
 * @param address guest-physical address of its first byte; empty if the block has none there
 * @param follows whether the guest has its first byte right behind the last one of the span before
 */
record Span(RamBlock block, long offset, long bytes, OptionalLong address, boolean follows) {
  /**
   * All memory of a guest, each byte once: first by ascending addresses, then what has no address.
   */
  static List<Span> of(List<RamBlock> blocks, Optional<MemoryMap> map) {
    List<Span> spans = new ArrayList<>();
    long end = -1;
    for (MapRange range : map.map(MemoryMap::ranges).orElse(List.of())) {
      for (Span part : unseen(range.block(), range.offset(), range.bytes(), spans)) {
        long address = range.address() + part.offset() - range.offset();
        spans.add(
            new Span(
                part.block(),
                part.offset(),
                part.bytes(),
                OptionalLong.of(address),
                address == end));
        end = address + part.bytes();
      }
    }
    for (RamBlock block : blocks) {
      spans.addAll(unseen(block, 0, block.usedLength(), List.copyOf(spans)));
    }
    return spans;
  }

  /** The parts of a range that no span has. */
  private static List<Span> unseen(RamBlock block, long offset, long bytes, List<Span> spans) {
    List<Span> seen =
        spans.stream()
            .filter(each -> each.block().equals(block))
            .sorted(Comparator.comparingLong(Span::offset))
            .toList();
    List<Span> parts = new ArrayList<>();
    long at = offset;
    long end = offset + bytes;
    for (Span each : seen) {
      if (each.offset() > at && at < end) {
        parts.add(part(block, at, Math.min(each.offset(), end)));
      }
      at = Math.max(at, each.offset() + each.bytes());
    }
    if (at < end) {
      parts.add(part(block, at, end));
    }
    return parts;
  }

  private static Span part(RamBlock block, long from, long end) {
    return new Span(block, from, end - from, OptionalLong.empty(), false);
  }
}
