// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.guest;

import io.fixedram.error.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A bootable x86 guest that keeps rewriting its memory and checks in every round that each page
 * holds what was last written to it. A page that is stale, lost, damaged or misplaced is reported
 * on the serial line, which {@link SerialReport} parses.
 *
 * <p>The guest runs on QEMU's {@code pc} and {@code q35} machines and the default CPU, for instance
 * with 16 MiB at 16 MiB:
 *
 * <pre>{@code
 * new MemoryGuest(List.of(new MemoryGuest.Region(16 << 20, 4096)), 0).writeTo(Path.of("guest.img"));
 *
 * qemu-system-x86_64 -machine pc -m 64M -nodefaults -display none -vga none -no-reboot
 *     -drive file=guest.img,format=raw,snapshot=on -serial file:serial.txt
 * }</pre>
 *
 * <p>The guest never writes to its disk; {@code snapshot=on} keeps QEMU from locking the image, so
 * that a guest and its restored copy can run side by side. It boots from {@code if=ide}, {@code
 * if=virtio} and {@code if=floppy} alike.
 *
 * <p>The image, in little-endian:
 *
 * <pre>
 *    offset  bytes
 *         8      8  first region: guest physical address
 *        16      8  first region: 4 KiB pages
 *        24      8  second region: guest physical address
 *        32      8  second region: 4 KiB pages, 0 = unused
 *        40      4  turns of an empty loop after each page
 *       510      2  0xaa55
 * 1 474 560         end of the image: a 1.44 MB floppy, mostly a hole
 * </pre>
 *
 * <p>The source, {@code memory-guest.S}, says which pages are written when, and with what: most
 * pages every fourth generation, a quarter of these writings all zero, some pages once only, some
 * never.
 *
 * @param regions the memory to use, one or two regions that do not overlap; all of it must be RAM
 *     of the guest, which QEMU may split around the devices below 4 GiB
 * @param delayTurns iterations of an empty loop after each page, 0 to 2^32 - 1, to dirty memory
 *     more slowly; an iteration takes about 1 ns under TCG
 */
public record MemoryGuest(List<Region> regions, long delayTurns) {
  /** Size of a page of the guest in bytes. */
  public static final int PAGE_SIZE = 4096;

  private static final int REGIONS_OFFSET = 8;
  private static final int REGION_SIZE = 16;
  private static final int MAX_REGIONS = 2;
  private static final int DELAY_OFFSET = REGIONS_OFFSET + MAX_REGIONS * REGION_SIZE;

  /**
   * Size of a floppy: SeaBIOS does not boot from a disk smaller than a cylinder (516 096 bytes).
   */
  private static final int IMAGE_SIZE = 1_474_560;

  private static final long LOWEST_ADDRESS = 1L << 20;
  private static final long ADDRESS_LIMIT = 16L << 30;

  /**
   * A run of guest memory.
   *
   * @param guestAddress guest physical address of the first byte: from 1 MiB on, a multiple of
   *     {@link #PAGE_SIZE}
   * @param pages number of pages, at least 1; the last one ends at 16 GiB at most
   */
  public record Region(long guestAddress, long pages) {
    /**
     * Checks the region.
     *
     * @throws IllegalArgumentException if the guest cannot use the region
     */
    public Region {
      if (guestAddress < LOWEST_ADDRESS
          || guestAddress >= ADDRESS_LIMIT
          || guestAddress % PAGE_SIZE != 0
          || pages < 1
          || pages > (ADDRESS_LIMIT - guestAddress) / PAGE_SIZE) {
        throw new IllegalArgumentException(
            "The memory guest can't use %d pages at %#x: pages of %d bytes between 1 MiB and 16 GiB."
                .formatted(pages, guestAddress, PAGE_SIZE));
      }
    }

    private long end() {
      return guestAddress + pages * PAGE_SIZE;
    }
  }

  /**
   * Checks the parameters.
   *
   * @throws IllegalArgumentException if there are not one or two regions, if they overlap, or if
   *     the delay does not fit 32 bits
   */
  public MemoryGuest {
    regions = List.copyOf(regions);
    if (regions.isEmpty() || regions.size() > MAX_REGIONS) {
      throw new IllegalArgumentException(
          "The memory guest takes one or two regions, not " + regions.size() + ".");
    }
    Region first = regions.getFirst();
    Region last = regions.getLast();
    if (regions.size() > 1 && first.guestAddress < last.end() && last.guestAddress < first.end()) {
      throw new IllegalArgumentException(
          "The memory guest's regions at %#x and %#x overlap."
              .formatted(first.guestAddress, last.guestAddress));
    }
    if (delayTurns < 0 || delayTurns > 0xffff_ffffL) {
      throw new IllegalArgumentException(
          "The memory guest's delay is 0 to 4294967295 turns, not " + delayTurns + ".");
    }
  }

  /**
   * Writes the boot image, replacing an existing file.
   *
   * @throws StorageException if the file can't be written
   */
  public void writeTo(Path image) {
    ByteBuffer code = ByteBuffer.wrap(code()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < regions.size(); i++) {
      int offset = REGIONS_OFFSET + i * REGION_SIZE;
      code.putLong(offset, regions.get(i).guestAddress);
      code.putLong(offset + Long.BYTES, regions.get(i).pages);
    }
    code.putInt(DELAY_OFFSET, (int) delayTurns);
    try (FileChannel channel =
        FileChannel.open(
            image,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      writeAt(channel, code, 0);
      writeAt(channel, ByteBuffer.allocate(1), IMAGE_SIZE - 1);
    } catch (IOException e) {
      throw new StorageException("Can't write the guest's boot image " + image + ": " + e, e);
    }
  }

  private static void writeAt(FileChannel channel, ByteBuffer bytes, long offset)
      throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes, offset + bytes.position());
    }
  }

  /** The assembled guest, its parameters all zero. */
  static byte[] code() {
    try (InputStream in = MemoryGuest.class.getResourceAsStream("memory-guest.bin")) {
      if (in == null) {
        throw new IllegalStateException("memory-guest.bin is missing from this program.");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("memory-guest.bin can't be read from this program.", e);
    }
  }
}
