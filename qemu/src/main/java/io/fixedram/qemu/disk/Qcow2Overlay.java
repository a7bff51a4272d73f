// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.error.FixedRamException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * Writes empty qcow2 images over other images, in version 3 of the format as its specification
 * describes it (docs/interop/qcow2 of QEMU's documentation), in big-endian:
 *
 * <pre>
 *   cluster 0   the header of 104 bytes, the extension with the format of the image below, the end
 *               of the extensions, the name of the image below
 *   cluster 1   the refcount table, whose one entry is cluster 2
 *   cluster 2   the refcounts: 1 for each of the clusters here
 *   cluster 3   and more if necessary: the level 1 table, all zeros, since the image has no content
 * </pre>
 *
 * The image and its name are durable when this returns: a guest that has synced what it wrote to an
 * image must find the image after a loss of power.
 */
final class Qcow2Overlay {
  /** The longest name of an image below that the format allows. */
  static final int MAX_NAME_BYTES = 1023;

  private static final int CLUSTER_BITS = 16;
  private static final int CLUSTER_BYTES = 1 << CLUSTER_BITS;
  private static final int HEADER_BYTES = 104;
  private static final int REFCOUNT_ORDER = 4;

  /** The extension with the format of the image below. */
  private static final int BACKING_FORMAT = 0xe2792aca;

  /** What one entry of the level 1 table covers: a cluster of entries of 8 bytes. */
  private static final long LEVEL_1_COVERS = (long) CLUSTER_BYTES * (CLUSTER_BYTES / Long.BYTES);

  /** 256 TiB, whose level 1 table has 4 MiB. */
  private static final long MAX_BYTES = 1L << 48;

  private static final int LEVEL_1_CLUSTER = 3;

  private Qcow2Overlay() {}

  /**
   * Writes an image, with mode 0600.
   *
   * @param file file to create
   * @param below name of the image below: an absolute path or an address
   * @param format format of the image below
   * @param bytes size of the disk
   * @return false if there is a file of that name
   * @throws FixedRamException if it can't be written; nothing is left then
   */
  static boolean create(Path file, String below, String format, long bytes) {
    byte[] name = below.getBytes(StandardCharsets.UTF_8);
    if (name.length == 0 || name.length > MAX_NAME_BYTES) {
      throw new FixedRamException(
          "no overlay can have an image below it whose name has " + name.length + " bytes");
    }
    if (bytes <= 0 || bytes > MAX_BYTES) {
      throw new FixedRamException("no overlay can be made for a disk of " + bytes + " bytes");
    }
    int entries = Math.toIntExact((bytes + LEVEL_1_COVERS - 1) / LEVEL_1_COVERS);
    int level1Clusters = (entries * Long.BYTES + CLUSTER_BYTES - 1) / CLUSTER_BYTES;
    int clusters = LEVEL_1_CLUSTER + level1Clusters;
    ByteBuffer start = ByteBuffer.allocate(LEVEL_1_CLUSTER * CLUSTER_BYTES);
    header(start, name, format, bytes, entries);
    start.putLong(CLUSTER_BYTES, 2L * CLUSTER_BYTES);
    for (int i = 0; i < clusters; i++) {
      start.putShort(2 * CLUSTER_BYTES + i * Short.BYTES, (short) 1);
    }
    return write(file, start.rewind(), (long) clusters * CLUSTER_BYTES);
  }

  private static void header(ByteBuffer into, byte[] name, String format, long bytes, int entries) {
    byte[] formatName = format.getBytes(StandardCharsets.US_ASCII);
    int padded = (formatName.length + 7) / 8 * 8;
    int nameOffset = HEADER_BYTES + 8 + padded + 8;
    into.put(new byte[] {'Q', 'F', 'I', (byte) 0xfb}).putInt(3);
    into.putLong(nameOffset).putInt(name.length);
    into.putInt(CLUSTER_BITS).putLong(bytes);
    // Not encrypted.
    into.putInt(0);
    into.putInt(entries).putLong((long) LEVEL_1_CLUSTER * CLUSTER_BYTES);
    into.putLong(CLUSTER_BYTES).putInt(1);
    // No snapshots, no features.
    into.putInt(0).putLong(0).putLong(0).putLong(0).putLong(0);
    into.putInt(REFCOUNT_ORDER).putInt(HEADER_BYTES);
    into.putInt(BACKING_FORMAT).putInt(formatName.length).put(formatName);
    into.put(nameOffset, name);
  }

  private static boolean write(Path file, ByteBuffer start, long length) {
    try (FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      try {
        while (start.hasRemaining()) {
          var _ = channel.write(start);
        }
        // The level 1 table is a hole but for its last byte.
        var _ = channel.write(ByteBuffer.allocate(1), length - 1);
        channel.force(true);
        syncDirectory(file);
        return true;
      } catch (IOException | RuntimeException | Error e) {
        Files.deleteIfExists(file);
        throw e;
      }
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {
      throw new FixedRamException("the overlay " + file + " can't be written: " + reason(e), e);
    }
  }

  private static void syncDirectory(Path file) throws IOException {
    Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "there is no such directory";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException failure when failure.getReason() != null -> failure.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }
}
