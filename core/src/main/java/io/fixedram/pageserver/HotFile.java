// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.bytes.LocalFile;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlocks;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.SiblingName;
import io.fixedram.os.SystemCalls;
import io.fixedram.publish.PendingFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.zip.CRC32C;

/**
 * The file NAME.hot beside a save, which stores its {@link HotPages}. It is only a hint: it may be
 * deleted at any time, and is ignored unless it is complete and belongs to this save. Big-endian:
 *
 * <pre>
 *   be32 "FRHT", be32 version 1
 *   be64 size of the save, be64 and be32 seconds and nanoseconds of its modification time,
 *   be32 CRC-32C of its first 64 KiB
 *   be32 number of runs, then for each u16 index of the RAM block, u48 first page
 *   be32 CRC-32C of all preceding bytes
 * </pre>
 */
public final class HotFile {
  private static final int MAGIC = 0x46524854;
  private static final int VERSION = 1;
  private static final int IDENTITY_AT = 8;
  private static final int IDENTITY_BYTES = 24;
  private static final int COUNT_AT = IDENTITY_AT + IDENTITY_BYTES;
  private static final int RUNS_AT = COUNT_AT + Integer.BYTES;
  private static final int MIN_BYTES = RUNS_AT + Integer.BYTES;
  private static final int MAX_BYTES = MIN_BYTES + HotPages.MAX_RUNS * Long.BYTES;
  private static final int BLOCK_SHIFT = 48;
  private static final int HEAD_BYTES = 1 << 16;

  private final SystemCalls calls;
  private final LocalFile save;
  private final RamBlocks blocks;
  private final Path path;

  private HotFile(SystemCalls calls, LocalFile save, RamBlocks blocks, Path path) {
    this.calls = calls;
    this.save = save;
    this.blocks = blocks;
    this.path = path;
  }

  /**
   * The file for an open save, whether it exists or not. If the save is named by a link, the file
   * is beside the link's target.
   *
   * @param save the file of the save
   * @param blocks its RAM blocks
   */
  public static HotFile of(LocalFile save, RamBlocks blocks) {
    return of(SystemCalls.linux(), save, blocks);
  }

  /** The file for an open save, accessed through the given system calls, for tests of faults. */
  static HotFile of(SystemCalls calls, LocalFile save, RamBlocks blocks) {
    Path real;
    try {
      real = save.path().toRealPath();
    } catch (IOException e) {
      real = save.path().toAbsolutePath();
    }
    return new HotFile(calls, save, blocks, SiblingName.of(real, "", ".hot"));
  }

  /** Path of the file. */
  public Path path() {
    return path;
  }

  /**
   * Reads the hot pages; none if the file does not exist.
   *
   * @throws FixedRamException if the file cannot be read, is damaged, or belongs to another save;
   *     callers can continue without hot pages
   */
  public HotPages load() {
    ByteBuffer bytes;
    try (Descriptor descriptor = Descriptor.open(calls, path, Descriptor.Mode.READ)) {
      bytes = read(descriptor);
    } catch (StorageException e) {
      if (e.errno() == Errno.ENOENT.number()) {
        return new HotPages();
      }
      throw e;
    }
    return parse(bytes);
  }

  private ByteBuffer read(Descriptor descriptor) {
    Descriptor.Status status = descriptor.status();
    if (!status.regular() || status.sizeBytes() < MIN_BYTES || status.sizeBytes() > MAX_BYTES) {
      throw ignored("it is not a file of hot pages");
    }
    return read(descriptor, (int) status.sizeBytes());
  }

  private static ByteBuffer read(Descriptor descriptor, int maxBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(maxBytes);
      int count = (int) descriptor.readUpTo(0, memory, 0, maxBytes);
      ByteBuffer bytes = ByteBuffer.allocate(count);
      return bytes.put(memory.asSlice(0, count).asByteBuffer()).flip();
    }
  }

  private HotPages parse(ByteBuffer bytes) {
    int size = bytes.limit();
    if (size < MIN_BYTES || bytes.getInt(0) != MAGIC || bytes.getInt(4) != VERSION) {
      throw ignored("it is not a file of hot pages");
    }
    int count = bytes.getInt(COUNT_AT);
    if (count < 0
        || count > HotPages.MAX_RUNS
        || size != MIN_BYTES + count * Long.BYTES
        || bytes.getInt(size - Integer.BYTES) != checksum(bytes, size - Integer.BYTES)) {
      throw ignored("it is damaged");
    }
    if (!bytes.slice(IDENTITY_AT, IDENTITY_BYTES).equals(identity())) {
      throw ignored("it is of another save, or of this one before it was changed");
    }
    HotPages hot = new HotPages();
    for (int i = 0; i < count; i++) {
      long word = bytes.getLong(RUNS_AT + i * Long.BYTES);
      hot.remember(new HotPages.Run((int) (word >>> BLOCK_SHIFT), word & (1L << BLOCK_SHIFT) - 1));
    }
    if (!hot.fit(blocks)) {
      throw ignored("it has pages that the save does not have");
    }
    return hot;
  }

  private DamagedSaveException ignored(String reason) {
    return new DamagedSaveException(path + " is ignored: " + reason);
  }

  /**
   * Writes the file with mode 0600, in place of an earlier one.
   *
   * @throws FixedRamException if the file cannot be written, or its name is that of another kind of
   *     file
   */
  public void store(HotPages hot) {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !isOurs()) {
      throw new StorageException("cannot write " + path + ": it is another kind of file", 0);
    }
    var runs = hot.runs();
    ByteBuffer bytes = ByteBuffer.allocate(MIN_BYTES + runs.size() * Long.BYTES);
    bytes.putInt(MAGIC).putInt(VERSION).put(identity()).putInt(runs.size());
    for (HotPages.Run run : runs) {
      bytes.putLong((long) run.block() << BLOCK_SHIFT | run.firstPage());
    }
    bytes.putInt(checksum(bytes, bytes.position()));
    try (PendingFile file = PendingFile.create(calls, path)) {
      file.descriptor().write(0, bytes.array());
      file.publish(false);
    }
  }

  private boolean isOurs() {
    try (Descriptor descriptor = Descriptor.open(calls, path, Descriptor.Mode.READ)) {
      if (!descriptor.status().regular()) {
        return false;
      }
      if (descriptor.status().sizeBytes() == 0) {
        // A crash of the machine may leave an empty file.
        return true;
      }
      ByteBuffer magic = read(descriptor, Integer.BYTES);
      return magic.limit() == Integer.BYTES && magic.getInt(0) == MAGIC;
    }
  }

  private ByteBuffer identity() {
    Instant modified = save.modified();
    ByteBuffer head = ByteBuffer.wrap(save.readHead(0, HEAD_BYTES));
    return ByteBuffer.allocate(IDENTITY_BYTES)
        .putLong(save.sizeBytes())
        .putLong(modified.getEpochSecond())
        .putInt(modified.getNano())
        .putInt(checksum(head, head.limit()))
        .flip();
  }

  private static int checksum(ByteBuffer bytes, int length) {
    CRC32C sum = new CRC32C();
    sum.update(bytes.slice(0, length));
    return (int) sum.getValue();
  }
}
