// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;

/**
 * A file after a crash.
 *
 * @param size its size
 * @param sectors content of its sectors, by their numbers; others are holes
 * @param key equal for equal content, and different for different content with near certainty
 */
public record CrashImage(long size, SortedMap<Long, byte[]> sectors, long key) {
  /** Bytes of a sector, which is written as a whole or not at all. */
  public static final int SECTOR_BYTES = 512;

  /** A file that no crash has changed. */
  public static CrashImage of(byte[] content) {
    return CrashedFile.of(content).images(false, 0, new Random(0)).getFirst();
  }

  static CrashImage of(long size, SortedMap<Long, byte[]> sectors) {
    long key = size * 0x9e37_79b9_7f4a_7c15L;
    for (Map.Entry<Long, byte[]> each : sectors.entrySet()) {
      long hash = each.getKey();
      LongBuffer words = ByteBuffer.wrap(each.getValue()).asLongBuffer();
      while (words.hasRemaining()) {
        hash = (Long.rotateLeft(hash, 23) ^ words.get()) * 0x9e37_79b9_7f4a_7c15L;
      }
      key += hash ^ (hash >>> 29);
    }
    return new CrashImage(size, sectors, key);
  }

  /** Writes it in place of what is there. */
  public void writeTo(Path path) {
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer run = ByteBuffer.allocate(1 << 20);
      long start = 0;
      for (Map.Entry<Long, byte[]> each : sectors.entrySet()) {
        long position = each.getKey() * SECTOR_BYTES;
        if (position != start + run.position() || run.remaining() < SECTOR_BYTES) {
          flush(channel, run, start);
          start = position;
        }
        if (position < size) {
          run.put(each.getValue(), 0, (int) Math.min(SECTOR_BYTES, size - position));
        }
      }
      flush(channel, run, start);
      if (channel.size() < size) {
        channel.write(ByteBuffer.wrap(new byte[1]), size - 1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void flush(FileChannel channel, ByteBuffer run, long start) throws IOException {
    run.flip();
    for (long at = start; run.hasRemaining(); ) {
      at += channel.write(run, at);
    }
    run.clear();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CrashImage image && image.key == key;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(key);
  }

  @Override
  public String toString() {
    return size + " bytes, of which there are sectors " + Arrays.toString(runs());
  }

  private Object[] runs() {
    StringBuilder text = new StringBuilder();
    long previous = -2;
    for (long sector : sectors.keySet()) {
      if (sector != previous + 1) {
        text.append(previous < 0 ? "" : "-" + previous + " ").append(sector);
      }
      previous = sector;
    }
    return new Object[] {text + (previous < 0 ? "" : "-" + previous)};
  }
}
