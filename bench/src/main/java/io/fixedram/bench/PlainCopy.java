// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** The minimum work to write memory to disk: large direct writes and a sync. */
final class PlainCopy {
  private static final long PIECE_BYTES = 4L << 20;
  private static final int THREADS = 2;

  private PlainCopy() {}

  /** Writes all of the memory to an empty file. */
  static void run(MemorySegment content, Descriptor file, Cancellation cancellation) {
    file.setSize(content.byteSize());
    try (Descriptor target = direct(file);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      AtomicLong next = new AtomicLong();
      List<CompletableFuture<Void>> copies =
          IntStream.range(0, THREADS)
              .mapToObj(_ ->
                  CompletableFuture.runAsync(
                      () -> copy(content, target, next, cancellation), threads))
              .toList();
      copies.forEach(CompletableFuture::join);
      target.writeBack(cancellation);
      target.sync();
    } catch (CompletionException e) {
      if (e.getCause() instanceof StorageException failure) {
        throw failure;
      }
      throw e;
    }
  }

  private static Descriptor direct(Descriptor file) {
    try {
      return file.reopen(Descriptor.Mode.DIRECT);
    } catch (StorageException e) {
      return file.reopen(Descriptor.Mode.EXISTING);
    }
  }

  private static void copy(
      MemorySegment content, Descriptor target, AtomicLong next, Cancellation cancellation) {
    long at = next.getAndAdd(PIECE_BYTES);
    while (at < content.byteSize() && !cancellation.isCancelled()) {
      target.write(at, content, at, Math.min(PIECE_BYTES, content.byteSize() - at));
      at = next.getAndAdd(PIECE_BYTES);
    }
  }
}
