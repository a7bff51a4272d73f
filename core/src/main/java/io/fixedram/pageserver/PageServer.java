// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.TransferCounters;
import io.fixedram.os.UnixSocket;
import io.fixedram.store.PageStore;
import io.fixedram.wire.PostcopyEncoder;
import java.util.List;

/**
 * Serves a save to the destination of a postcopy migration: first the device state, with which the
 * guest can run, then each page once. A requested page is sent at once, the pages around it next,
 * and the rest in the background: hot pages, then pages with content. The data in transit is
 * limited, so that an answer does not queue behind background pages. Serves once, in the calling
 * thread; another thread reads requests, and more threads read pages if the store supports parallel
 * reads, in which case pages are sent in the order in which reads complete.
 *
 * <p>Zero pages that are not requested need not be sent if the destination supports that: all
 * memory is discarded at first, and pages missing at the end of the stream then are ordinary
 * memory, which reads as zero.
 */
public final class PageServer {
  private static final int UNDER_WAY_BYTES = 1 << 16;

  private static final String DESTINATION = "QEMU";

  private final ServedSave save;
  private final FirstFailure failure;
  private volatile boolean running;

  /**
   * Prepares to serve; reads the save's bitmaps.
   *
   * @param store the save; the caller closes it after {@link #serve} has returned
   * @param hot pages to send first; requested pages are added
   * @param faults receives the times of answers to requests
   * @param lifeline called if anything fails except the destination
   * @param allZeros whether the destination needs all zero pages; until {@link #guestRuns} they are
   *     sent in any case, since the loading of devices may wait for one
   */
  public PageServer(
      PageStore store, HotPages hot, FaultTimes faults, Lifeline lifeline, boolean allZeros) {
    List<BlockPages> blocks =
        store.blocks().stream().map(block -> BlockPages.of(store, block)).toList();
    this.save = new ServedSave(store, blocks, hot, faults, allZeros);
    this.failure = new FirstFailure(lifeline);
  }

  /**
   * Reports that the guest runs or is ready to run. Until then only requested pages are sent for a
   * while, so that placing other pages does not delay the loading of devices. May be called by any
   * thread.
   */
  public void guestRuns() {
    running = true;
  }

  /**
   * Serves until the destination has confirmed that it has everything.
   *
   * @param socket connection to a destination that has begun to load; closed when this returns
   * @param counters counters of the pages sent
   * @throws StorageException if the destination closes the connection
   * @throws ProtocolException if the destination sends an invalid message
   * @throws FixedRamException the failure reported to the lifeline, thrown after all other pages
   *     have been served or after a cancellation
   */
  public void serve(UnixSocket socket, TransferCounters counters, Cancellation cancellation) {
    DeviceState state = save.store().deviceState();
    RamBlocks blocks = save.store().header().blocks();
    socket.limitUnderWay(UNDER_WAY_BYTES);
    try (Cancellation.Registration _ = cancellation.onCancel(socket::close);
        PostcopyEncoder encoder =
            new PostcopyEncoder(noticingLoss(ByteTarget.of(socket, DESTINATION)));
        Requests requests = new Requests(socket, DESTINATION, blocks);
        PageSender sender =
            new PageSender(
                save, failure, () -> running, socket, requests, encoder, counters, cancellation)) {
      serve(sender, state);
    } catch (StorageException | CancelledException e) {
      failure.rethrow();
      cancellation.throwIfCancelled();
      throw e;
    }
    failure.rethrow();
  }

  /**
   * Runs the sender. On failure waits until the guest is stopped, because the connection is closed
   * afterwards.
   */
  private void serve(PageSender sender, DeviceState state) {
    try {
      sender.run(state);
    } catch (StorageException | CancelledException e) {
      // The destination is gone, or the guest was stopped before the cancellation.
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
