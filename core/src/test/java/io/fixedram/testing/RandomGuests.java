// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;

/** Random configurations, lists of blocks, device states and contents of pages. */
public final class RandomGuests {
  /** Names of blocks that hold a guest's main memory. */
  public static final List<String> MAIN =
      List.of(
          "pc.ram",
          "mach-virt.ram",
          "ram-node0",
          "mem",
          "/objects/mem1",
          "/objects/rom.bios",
          "dimm.\u00ed",
          "ram" + "x".repeat(252));

  /** Names of blocks that a destination fills before it loads. */
  public static final List<String> NOT_MAIN =
      List.of(
          "0000:00:02.0/vga.vram",
          "/rom@etc/acpi/tables",
          "/rom@etc/table-loader",
          "pc.bios",
          "pc.rom",
          "system.flash0",
          "virt.flash1",
          "vga.vram",
          "spapr.nvram",
          "0000:00:03.0/virtio-net-pci.rom",
          "0000:00:04.0/ivshmem.bar2");

  private static final List<String> MACHINES =
      List.of("pc-i440fx-7.2", "pc-q35-10.0", "virt-9.2", "none");

  private RandomGuests() {}

  /** What random guests may have. */
  public record Kinds(int mostBlocks, long mostBytes, boolean sparse, boolean onlyMain) {
    /** Few small blocks. */
    public static Kinds small() {
      return new Kinds(4, 10 * 4096, false, false);
    }

    /** As much variety as a test of files can bear. */
    public static Kinds all() {
      return new Kinds(12, 3 << 20, true, false);
    }
  }

  /** Whether a block of the name holds main memory. */
  public static boolean isMain(String name) {
    return MAIN.contains(name) || name.startsWith("/objects/");
  }

  /** One of the elements. */
  public static <T> T pick(Random random, List<T> elements) {
    return elements.get(random.nextInt(elements.size()));
  }

  /** A guest without content. */
  public static Guest guest(Random random, Kinds kinds) {
    OptionalInt pageBits =
        switch (random.nextInt(8)) {
          case 0 -> OptionalInt.of(16);
          case 1 -> OptionalInt.of(12);
          case 2 -> OptionalInt.of(10 + random.nextInt(7));
          default -> OptionalInt.empty();
        };
    boolean addressed = random.nextInt(4) == 0;
    Configuration configuration =
        new Configuration(
            pick(random, MACHINES),
            addressed ? List.of("x-ignore-shared") : List.of(),
            pageBits,
            random.nextInt(4) == 0
                ? Optional.of(new UUID(random.nextLong(), random.nextLong()))
                : Optional.empty());
    int pageSize = configuration.targetPageSize();
    List<String> names = new ArrayList<>(MAIN);
    if (!kinds.onlyMain) {
      names.addAll(NOT_MAIN);
    }
    Collections.shuffle(names, random);
    int count = 1 + random.nextInt(Math.min(kinds.mostBlocks, names.size()));
    int sparse = kinds.sparse && random.nextInt(6) == 0 ? random.nextInt(count) : -1;
    boolean huge = random.nextInt(4) == 0;
    List<RamBlock> blocks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean last = i == count - 1;
      blocks.add(
          new RamBlock(
              i,
              names.get(i),
              i == sparse && isMain(names.get(i))
                  ? (4L << 30) + (random.nextInt(64) << 16)
                  : length(random, pageSize, kinds, last),
              huge && random.nextBoolean()
                  ? OptionalLong.of(1L << (10 + random.nextInt(25)))
                  : OptionalLong.empty(),
              addressed ? OptionalLong.of(address(random)) : OptionalLong.empty()));
    }
    int id = random.nextBoolean() ? 2 : random.nextInt(200);
    return new Guest(new SaveHeader(configuration, new RamBlocks(pageSize, blocks), id))
        .with(tail(random));
  }

  /** QEMU ends the list when the total is used up, so that the last block is never empty. */
  private static long length(Random random, int pageSize, Kinds kinds, boolean last) {
    long most = Math.max(1, kinds.mostBytes / pageSize);
    return pageSize
        * switch (random.nextInt(10)) {
          case 0 -> last ? 1 : 0;
          case 1 -> 1L;
          case 2 -> 2 * random.nextLong(1 + most / 2) + 1;
          case 3 -> most;
          default -> 1 + random.nextLong(most);
        };
  }

  /** Addresses as boards have them, above 4 GiB too. */
  private static long address(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> 0;
      case 1 -> random.nextInt(1, 64) * (1L << 30);
      default -> random.nextLong(1L << 40) & -4096;
    };
  }

  /** A device state: sections with random content, and mostly a description. */
  public static Guest.Tail tail(Random random) {
    Bytes bytes = new Bytes();
    int sections = random.nextInt(4);
    for (int i = 0; i < sections; i++) {
      byte[] payload = new byte[random.nextInt(300)];
      random.nextBytes(payload);
      bytes.full(10 + i, "device" + i, 1).raw(payload);
      if (random.nextInt(3) == 0) {
        // Looks like a description, but is none.
        bytes.u8(0).u8(6).be32(20).text("{nothing");
      }
      bytes.footer(10 + i);
    }
    long sectionsBytes = bytes.size();
    bytes.u8(0);
    if (random.nextInt(5) == 0) {
      return Guest.Tail.of(bytes.toArray(), sectionsBytes, "");
    }
    String json =
        "{\"page_size\": 4096, \"devices\": [" + "{\"name\": \"x\"}, ".repeat(sections) + "{}]}";
    bytes.u8(6).be32(json.length()).text(json);
    return Guest.Tail.of(bytes.toArray(), sectionsBytes, json);
  }

  /** Content of pages: random, or all zeros but for one byte. */
  public static byte[] content(Random random, int lengthBytes) {
    byte[] bytes = new byte[lengthBytes];
    switch (random.nextInt(4)) {
      case 0 -> bytes[0] = 1;
      case 1 -> bytes[lengthBytes - 1] = 1;
      case 2 -> bytes[random.nextInt(lengthBytes)] = (byte) (1 + random.nextInt(255));
      default -> random.nextBytes(bytes);
    }
    return bytes;
  }

  /** Gives each page of a guest content or zeros; blocks must be small. */
  public static Guest fill(Random random, Guest guest) {
    int pageSize = guest.pageSize();
    for (RamBlock block : guest.blocks()) {
      for (long offset = 0; offset < block.usedLength(); offset += pageSize) {
        if (random.nextBoolean()) {
          guest.put(block, offset, content(random, pageSize));
        }
      }
    }
    return guest;
  }
}
