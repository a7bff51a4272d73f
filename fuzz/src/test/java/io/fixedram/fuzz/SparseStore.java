// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StoreState;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A file with large holes as a short input: be32 size, then for each piece that is no hole be32
 * offset, be16 length, and so many bytes. Later pieces lie over earlier ones.
 */
record SparseStore(long sizeBytes, List<Piece> pieces) implements ByteStore {
  private static final int HEAD_BYTES = 6;
  private static final int MAX_PIECES = 128;

  /** All of a device state is searched for its end. */
  private static final long MAX_BYTES = 8 << 20;

  /** Shorter runs of zeros are a part of the pieces around them. */
  private static final int MIN_HOLE_BYTES = 24;

  private static final int MAX_PIECE_BYTES = 0xffff;

  /** Bytes at an offset. */
  record Piece(long offset, MemorySegment bytes) {
    long end() {
      return offset + bytes.byteSize();
    }
  }

  /** The file that an input describes. What can't be a piece at its end is ignored. */
  static SparseStore of(byte[] input) {
    ByteBuffer in = ByteBuffer.wrap(input);
    long size =
        in.remaining() >= Integer.BYTES
            ? Math.min(MAX_BYTES, Integer.toUnsignedLong(in.getInt()))
            : 0;
    List<Piece> pieces = new ArrayList<>();
    while (in.remaining() >= HEAD_BYTES && pieces.size() < MAX_PIECES) {
      long offset = Integer.toUnsignedLong(in.getInt());
      byte[] bytes = new byte[Math.min(Short.toUnsignedInt(in.getShort()), in.remaining())];
      in.get(bytes);
      if (offset + bytes.length <= size) {
        pieces.add(new Piece(offset, MemorySegment.ofArray(bytes)));
      }
    }
    return new SparseStore(size, List.copyOf(pieces));
  }

  /** The input for a file. */
  static byte[] input(Path file) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(all);
        RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      out.writeInt((int) in.length());
      byte[] block = new byte[1 << 16];
      for (long at = 0; at < in.length(); at += block.length) {
        in.seek(at);
        int count = in.read(block);
        for (int from = next(block, 0, count); from < count; ) {
          int end = end(block, from, count);
          out.writeInt((int) (at + from));
          out.writeShort(end - from);
          out.write(block, from, end - from);
          from = next(block, end, count);
        }
      }
    }
    return all.toByteArray();
  }

  private static int next(byte[] block, int from, int count) {
    int at = from;
    while (at < count && block[at] == 0) {
      at++;
    }
    return at;
  }

  private static int end(byte[] block, int from, int count) {
    int end = from;
    for (int at = from; at < count && at - from < MAX_PIECE_BYTES; at++) {
      if (block[at] != 0) {
        end = at + 1;
      } else if (at - end >= MIN_HOLE_BYTES) {
        break;
      }
    }
    return end;
  }

  /** Writes the file. */
  void writeTo(Path path) {
    try (FileChannel out =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      if (sizeBytes > 0) {
        out.write(ByteBuffer.allocate(1), sizeBytes - 1);
      }
      for (Piece piece : pieces) {
        out.write(piece.bytes.asByteBuffer(), piece.offset);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String name() {
    return "the input";
  }

  @Override
  public long read(long position, MemorySegment into, long offset, long length) {
    if (position < 0) {
      throw new AssertionError("read at " + position);
    }
    long count = Math.min(length, sizeBytes - position);
    if (count <= 0) {
      return 0;
    }
    into.asSlice(offset, count).fill((byte) 0);
    for (Piece piece : pieces) {
      long from = Math.max(position, piece.offset);
      long to = Math.min(position + count, piece.end());
      if (from < to) {
        MemorySegment.copy(
            piece.bytes, from - piece.offset, into, offset + from - position, to - from);
      }
    }
    return count;
  }

  @Override
  public OptionalLong nextData(long position) {
    return pieces.stream()
        .filter(piece -> piece.end() > position)
        .mapToLong(piece -> Math.max(position, piece.offset))
        .min();
  }

  @Override
  public OptionalLong nextHole(long position) {
    if (position > sizeBytes) {
      return OptionalLong.empty();
    }
    long at = position;
    for (boolean inside = true; inside; ) {
      inside = false;
      for (Piece piece : pieces) {
        if (piece.offset <= at && at < piece.end()) {
          at = piece.end();
          inside = true;
        }
      }
    }
    return OptionalLong.of(at);
  }

  @Override
  public StoreState state() {
    return new StoreState.Unchanged();
  }

  @Override
  public void close() {}
}
