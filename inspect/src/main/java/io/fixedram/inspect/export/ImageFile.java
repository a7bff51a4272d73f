// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.export;

import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.ZeroPages;
import io.fixedram.os.Descriptor;
import io.fixedram.os.SystemCalls;
import io.fixedram.parallel.PageShares;
import io.fixedram.publish.PendingFile;
import io.fixedram.store.PageMap;
import io.fixedram.store.RamPages;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Writes images of a guest's memory, with holes where it is zero. */
public final class ImageFile {
  private static final int THREADS = 2;
  private static final int PIECE_BYTES = 4096;

  private ImageFile() {}

  /**
   * Writes an image. It has its name when it is complete and on the disk; until then an earlier
   * file of that name stays. Mode 0600, since it has all secrets of the guest.
   *
   * @param store memory that the layout refers to
   * @throws io.fixedram.error.FixedRamException if the memory can't be read or the file not written
   */
  public static void write(
      RamPages store, ImageLayout layout, Path path, Cancellation cancellation) {
    Map<RamBlock, PageMap> maps = new HashMap<>();
    try (PendingFile file = PendingFile.create(SystemCalls.linux(), path)) {
      Descriptor descriptor = file.descriptor();
      descriptor.setSize(layout.sizeBytes());
      for (ImageLayout.Head head : layout.heads()) {
        descriptor.write(head.position(), head.bytes().toArray(ValueLayout.JAVA_BYTE));
      }
      for (ImagePart part : layout.parts()) {
        cancellation.throwIfCancelled();
        PageMap map = maps.computeIfAbsent(part.block(), store::pages);
        int pageSize = map.pageSize();
        PageShares shares = new PageShares(store);
        shares.add(
            map,
            part.offset() / pageSize,
            (part.offset() + part.bytes() + pageSize - 1) / pageSize);
        shares.send(THREADS, () -> new PartSink(descriptor, part));
      }
      file.writeBack(cancellation);
      file.sync();
      file.publish(true);
    }
  }

  /** Writes pages that have content to their place; those at the ends of a part may be cut. */
  private record PartSink(Descriptor file, ImagePart part) implements PageSink {
    @Override
    public void data(RamBlock block, long offset, MemorySegment from, long at, long length) {
      long first = Math.max(offset, part.offset());
      long end = Math.min(offset + length, part.offset() + part.bytes());
      // Memory of a running guest may have pages that are populated and zero.
      for (long start = first; start < end; ) {
        boolean zero = isZero(from, at + start - offset, end - start);
        long next = start;
        while (next < end && isZero(from, at + next - offset, end - next) == zero) {
          next = Math.min(end, next + PIECE_BYTES);
        }
        if (!zero) {
          file.write(
              part.position() + start - part.offset(), from, at + start - offset, next - start);
        }
        start = next;
      }
    }

    private static boolean isZero(MemorySegment memory, long offset, long most) {
      return ZeroPages.isZero(memory, offset, Math.min(PIECE_BYTES, most));
    }

    @Override
    public void zero(RamBlock block, long offset, long length) {
      // A hole of the new file.
    }
  }
}
