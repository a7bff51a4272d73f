// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.CountingSink;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.UnixSocket;
import io.fixedram.store.PageStore;
import io.fixedram.stream.PostcopyEncoder;
import java.util.List;

/**
 * Serves a save to the destination of a postcopy migration: the device state first, with which the
 * guest runs; then no page twice. A page that is asked for goes at once, the run of pages around it
 * next, and the rest in the background: pages that were hot before, pages with content. Little is
 * ever under way to the destination, so that an answer is not kept waiting behind the background.
 * Serves once, in the calling thread, with another one that reads requests, and others that read
 * pages where the store answers several reads at a time: pages then come in the order in which they
 * are read.
 *
 * <p>Zero pages that nobody asks for need not go to a destination that can do without: all memory
 * was discarded at first, and what it lacks at the end of the stream is ordinary memory from then
 * on, which reads as zero.
 */
public final class PageServer {
  private static final int UNDER_WAY_BYTES = 1 << 16;

  private static final String DESTINATION = "QEMU";

  private final ServedSave save;
  private final FirstFailure failure;
  private volatile boolean running;

  /**
   * Prepares to serve: reads the save's bitmaps.
   *
   * @param store stays the caller's to close, after {@link #serve} has returned
   * @param hot what goes first; what the guest asks for is added
   * @param faults counts answers to requests
   * @param lifeline is told if anything fails but the destination
   * @param allZeros whether the destination needs all zero pages too; until its guest is known to
   *     run they go anyhow, since the loading of devices may wait for one
   */
  public PageServer(
      PageStore store, HotPages hot, FaultTimes faults, Lifeline lifeline, boolean allZeros) {
    List<BlockPages> blocks =
        store.blocks().stream().map(block -> BlockPages.of(store, block)).toList();
    this.save = new ServedSave(store, blocks, hot, faults, allZeros);
    this.failure = new FirstFailure(lifeline);
  }

  /**
   * Says that the guest runs, or stands ready to. Until then it gets what it asks for and nothing
   * else for a while, so that placing other pages does not hold up the loading of its devices. Any
   * thread may call this.
   */
  public void guestRuns() {
    running = true;
  }

  /**
   * Serves until the destination has confirmed that it has everything.
   *
   * @param socket the connection to a destination that has begun to load; closed at the end
   * @param counters count pages as they are sent
   * @throws StorageException if the destination goes away
   * @throws ProtocolException if what it sends makes no sense
   * @throws FixedRamException why the lifeline was told to stop the guest, if it was, after all
   *     that could be served has been or a cancellation
   */
  public void serve(UnixSocket socket, TransferCounters counters, Cancellation cancellation) {
    DeviceState state = save.store().deviceState();
    RamBlocks blocks = save.store().header().blocks();
    socket.limitUnderWay(UNDER_WAY_BYTES);
    PostcopyEncoder encoder =
        new PostcopyEncoder(noticingLoss(ByteTarget.of(socket, DESTINATION)), state);
    try (Cancellation.Registration _ = cancellation.onCancel(socket::close);
        CountingSink counting = new CountingSink(encoder, counters, cancellation);
        Requests requests = new Requests(socket, DESTINATION, blocks);
        PageSender sender =
            new PageSender(
                save, failure, () -> running, socket, requests, encoder, counting, cancellation)) {
      serve(sender);
    } catch (StorageException | CancelledException e) {
      failure.rethrow();
      cancellation.throwIfCancelled();
      throw e;
    }
    failure.rethrow();
  }

  /** The connection is closed after this, so that the guest must have been stopped before. */
  private void serve(PageSender sender) {
    try {
      sender.run();
    } catch (StorageException | CancelledException e) {
      // The destination is gone, or somebody has seen to the guest.
      throw e;
    } catch (RuntimeException | Error e) {
      failure.fail(e);
      failure.awaitStop();
      throw e;
    }
  }

  private static ByteTarget noticingLoss(ByteTarget target) {
    return (position, from, offset, length) -> {
      try {
        target.write(position, from, offset, length);
      } catch (StorageException e) {
        StorageException gone = Requests.gone(DESTINATION);
        gone.addSuppressed(e);
        throw gone;
      }
    };
  }
}
