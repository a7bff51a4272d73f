// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.address;

import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.qemu.manifest.MemoryFacts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The RAM and ROM of a guest by guest-physical addresses. A range of a block may be at several
 * addresses.
 *
 * @param ranges ranges in ascending order of addresses, which do not overlap
 * @param origin where they are known from
 */
public record MemoryMap(List<MapRange> ranges, Origin origin) {
  private static final long GIB = 1L << 30;
  private static final long FOUR_GIB = 4 * GIB;

  /** The addresses of VGA memory and, before the firmware makes it RAM, of option ROMs. */
  private static final long VGA = 0xa0000;

  private static final long AFTER_VGA = 0xc0000;

  /** From here on, recent machines put memory above 4 GiB elsewhere. */
  private static final long MAX_DERIVED = 1000 * GIB;

  /** Where a map is known from. */
  public enum Origin {
    /** QEMU said so, when the guest was saved or now. */
    QEMU,
    /** From the kind of machine and its memory's size. */
    DERIVED,
    /** The caller. */
    GIVEN
  }

  /** Sorts the ranges. */
  public MemoryMap {
    ranges = ranges.stream().sorted(Comparator.comparingLong(MapRange::address)).toList();
    for (int i = 1; i < ranges.size(); i++) {
      if (ranges.get(i).address() < ranges.get(i - 1).end()) {
        throw new IllegalArgumentException(
            "ranges overlap at address 0x%x".formatted(ranges.get(i).address()));
      }
    }
  }

  /** The map that QEMU reports, without ranges whose block is not known. Empty if none is left. */
  public static Optional<MemoryMap> of(List<MemoryFacts.Range> facts, RamBlocks blocks) {
    Map<String, RamBlock> named =
        blocks.list().stream().collect(Collectors.toMap(RamBlock::name, Function.identity()));
    List<MapRange> ranges = new ArrayList<>();
    long end = 0;
    List<MemoryFacts.Range> told =
        facts.stream().sorted(Comparator.comparingLong(MemoryFacts.Range::address)).toList();
    for (MemoryFacts.Range each : told) {
      Optional<RamBlock> block = each.block().map(named::get);
      // A manifest is not to be trusted more than any other bytes.
      if (block.isEmpty()
          || each.address() < end
          || each.offset() < 0
          || each.bytes() < 1
          || each.bytes() > block.get().usedLength() - each.offset()
          || each.address() + each.bytes() < each.address()) {
        continue;
      }
      end = each.address() + each.bytes();
      ranges.add(
          new MapRange(each.address(), each.bytes(), block.get(), each.offset(), each.writable()));
    }
    return ranges.isEmpty() ? Optional.empty() : Optional.of(new MemoryMap(ranges, Origin.QEMU));
  }

  /**
   * The map of a guest without plugged memory, of a machine of types pc or q35 with its usual
   * settings (QEMU's hw/i386/pc_piix.c, pc_q35.c): memory begins at 0, with a hole for VGA memory,
   * and what does not fit below the devices' addresses continues at 4 GiB. Empty for other guests.
   */
  public static Optional<MemoryMap> derived(SaveHeader header) {
    String machine = header.configuration().machine();
    boolean q35 = machine.startsWith("pc-q35-");
    Optional<RamBlock> main =
        header.blocks().list().stream().filter(each -> each.name().equals("pc.ram")).findFirst();
    if (main.isEmpty()
        || !(q35 || machine.startsWith("pc-i440fx-"))
        || main.get().usedLength() <= AFTER_VGA
        || main.get().usedLength() > MAX_DERIVED) {
      return Optional.empty();
    }
    RamBlock ram = main.get();
    long below = Math.min(ram.usedLength(), endBelow4Gib(q35, ram.usedLength()));
    List<MapRange> ranges = new ArrayList<>();
    ranges.add(new MapRange(0, VGA, ram, 0, true));
    ranges.add(new MapRange(AFTER_VGA, below - AFTER_VGA, ram, AFTER_VGA, true));
    if (ram.usedLength() > below) {
      ranges.add(new MapRange(FOUR_GIB, ram.usedLength() - below, ram, below, true));
    }
    return Optional.of(new MemoryMap(ranges, Origin.DERIVED));
  }

  /**
   * Where memory below 4 GiB ends: lower for guests that have memory above, to align it to 1 GiB.
   */
  private static long endBelow4Gib(boolean q35, long bytes) {
    long most = q35 ? 0xb0000000L : 0xe0000000L;
    return bytes < most ? most : q35 ? 2 * GIB : 3 * GIB;
  }

  /** The range with an address; empty if there is none. */
  public Optional<MapRange> find(long address) {
    return ranges.stream()
        .filter(each -> address >= each.address() && address < each.end())
        .findFirst();
  }

  /** The lowest guest-physical address of a byte of a block; empty if it has none. */
  public Optional<Long> addressOf(RamBlock block, long offset) {
    return ranges.stream()
        .filter(each ->
            each.block().equals(block)
                && offset >= each.offset()
                && offset - each.offset() < each.bytes())
        .findFirst()
        .map(each -> each.address() + offset - each.offset());
  }
}
