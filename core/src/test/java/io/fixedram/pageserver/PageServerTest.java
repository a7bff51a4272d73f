// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.FaultyFiles;
import io.fixedram.bytes.LocalFile;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.ProtocolException;
import io.fixedram.error.StorageException;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.TransferCounters;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Errno;
import io.fixedram.os.UnixSocket;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.Rounds;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Saves served to a destination that is checked page by page. */
@Timeout(60)
class PageServerTest {
  static final RamBlock RAM = new RamBlock(0, "pc.ram", 4 << 20);
  private static final RamBlock ROM = new RamBlock(1, "pc.rom", 128 << 10);

  @TempDir Path directory;

  final RecordingLifeline lifeline = new RecordingLifeline();
  final FaultTimes faults = new FaultTimes();
  private final TransferCounters counters = new TransferCounters();
  private final Cancellation cancellation = new Cancellation();
  private boolean runs = true;
  private boolean allZeros;
  private volatile Optional<PageServer> serving = Optional.empty();
  private HotPages hot = new HotPages();

  /** Keeps what it is told, and stops the guest when a test says so. */
  static final class RecordingLifeline implements Lifeline {
    final List<Throwable> failures = new CopyOnWriteArrayList<>();
    private volatile Runnable whenFailed = () -> {};
    private volatile Runnable whenAwaited = () -> {};

    @Override
    public void failed(Throwable reason) {
      failures.add(reason);
      whenFailed.run();
    }

    @Override
    public void awaitStop() {
      whenAwaited.run();
    }
  }

  final Path file() {
    return directory.resolve("save");
  }

  final Guest guest(Random random) {
    return RandomGuests.fill(random, Guest.of(RAM, ROM).with(RandomGuests.tail(random)));
  }

  final PageStore write(Guest guest, SaveFormat format) {
    try (SaveWriter writer =
        SaveWriter.create(file(), format, new WriteOptions(DirectMode.OFF, false, 4096))) {
      var sink = writer.sink();
      sink.begin(guest.header());
      for (RamBlock block : guest.blocks()) {
        for (long page = 0; page < guest.header().blocks().pages(block); page++) {
          MemorySegment content = MemorySegment.ofArray(guest.page(block, page));
          sink.data(block, page * 4096, content, 0, 4096);
        }
      }
      sink.end(guest.tail().toState());
      writer.publish();
    }
    return open(LocalFile.open(file()));
  }

  /** Opens a save as a store that answers one read at a time. */
  PageStore open(LocalFile file) {
    return Saves.open(file);
  }

  /** Whether no page overtakes another; otherwise a few may. */
  boolean readsInOrder() {
    return true;
  }

  /** What happens at the other end of the connection. */
  interface Other {
    void run(UnixSocket socket) throws Exception;
  }

  /** Serves in a thread of its own while the other end does something; throws what ended it. */
  final void serve(PageStore save, Other other) throws Exception {
    UnixSocket.Pair pair = UnixSocket.socketPair();
    try (save;
        UnixSocket far = pair.right()) {
      PageServer server = new PageServer(save, hot, faults, lifeline, allZeros);
      serving = Optional.of(server);
      if (runs) {
        server.guestRuns();
      }
      CompletableFuture<Void> served =
          inThread(() -> server.serve(pair.left(), counters, cancellation));
      try {
        other.run(far);
      } finally {
        // A destination that has failed must not keep the server.
        if (!served.isDone()) {
          pair.right().close();
        }
      }
      try {
        served.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof RuntimeException failure) {
          throw failure;
        }
        throw e;
      }
      assertThat(pair.left().isOpen()).isFalse();
    }
  }

  /** The common pool may have one thread only. */
  private static CompletableFuture<Void> inThread(Runnable work) {
    return CompletableFuture.runAsync(work, task -> Thread.ofPlatform().daemon().start(task));
  }

  /** Takes all that comes, asking for nothing. */
  static void takeAll(FakeDestination destination) throws IOException {
    destination.readHead();
    destination.readPages();
    destination.shut(0);
  }

  /** Waits for the server's end of the connection to close. */
  static void awaitEnd(UnixSocket socket) {
    java.nio.ByteBuffer buffer = java.nio.ByteBuffer.allocate(1 << 16);
    while (socket.read(buffer) >= 0) {
      buffer.clear();
    }
  }

  /** To a guest that is not known to run: the loading of its devices may wait for any. */
  @ParameterizedTest
  @CsvSource({
    "MAPPED_RAM, false, false",
    "FIXED_RAM, false, false",
    "FIXED_RAM, true, true",
    "MAPPED_RAM, true, true"
  })
  void everyPageComes(SaveFormat format, boolean known, boolean wanted) throws Exception {
    runs = known;
    allZeros = wanted;
    long total = guest(new Random(1)).header().blocks().totalBytes();
    assertThat(pagesWithoutRequests(format)).isEqualTo(total / 4096);
  }

  @ParameterizedTest
  @EnumSource(
      value = SaveFormat.class,
      names = {"MAPPED_RAM", "FIXED_RAM"})
  void zeroPagesNeedNotComeToAGuestThatRuns(SaveFormat format) throws Exception {
    long inFile = pagesWithoutRequests(format);
    assertThat(inFile).isEqualTo(counters.dataBytes() / 4096);
    assertThat(inFile).isGreaterThanOrEqualTo(guest(new Random(1)).nonZeroPages());
    assertThat(counters.zeroBytes()).isPositive();
  }

  @Test
  void zeroPagesEndOnceTheGuestIsKnownToRun() throws Exception {
    runs = false;
    RamBlock large = new RamBlock(0, "pc.ram", 256 << 20);
    Guest guest = Guest.of(large).with(RandomGuests.tail(new Random(3)));
    guest.put(large, 100 * 4096, RandomGuests.content(new Random(4), 4096));
    serve(
        write(guest, SaveFormat.MAPPED_RAM),
        socket -> {
          FakeDestination destination = new FakeDestination(socket, guest);
          destination.readHead();
          destination.readUntil(large, 0);
          serving.orElseThrow().guestRuns();
          destination.readPages();
          assertThat(destination.arrived()).isBetween(2, 60_000);
          destination.shut(0);
          destination.assertComplete();
          awaitEnd(socket);
        });
    assertThat(counters.dataBytes() + counters.zeroBytes()).isEqualTo(large.usedLength());
  }

  /** How many came, each once. */
  private long pagesWithoutRequests(SaveFormat format) throws Exception {
    Guest guest = guest(new Random(1));
    AtomicInteger arrived = new AtomicInteger();
    serve(
        write(guest, format),
        socket -> {
          FakeDestination destination = new FakeDestination(socket, guest);
          takeAll(destination);
          destination.assertComplete();
          arrived.set(destination.arrived());
          awaitEnd(socket);
        });
    assertThat(faults.count()).isZero();
    assertThat(counters.dataBytes() + counters.zeroBytes())
        .isEqualTo(guest.header().blocks().totalBytes());
    assertThat(counters.ended()).isTrue();
    assertThat(hot.runs()).isEmpty();
    return arrived.get();
  }

  @Test
  void requestsInAnyOrderAndTwice() {
    Rounds.run(
        20,
        random -> {
          Guest guest = guest(random);
          hot = new HotPages();
          for (int i = random.nextInt(30); i > 0; i--) {
            hot.add(RAM, random.nextInt(1024));
          }
          serve(write(guest, SaveFormat.MAPPED_RAM), socket -> destination(socket, guest, random));
        });
  }

  private static void destination(UnixSocket socket, Guest guest, Random random) throws Exception {
    FakeDestination destination = new FakeDestination(socket, guest);
    destination.readHead();
    CompletableFuture<Void> asking = inThread(() -> ask(destination, guest, random));
    destination.readPages();
    asking.join();
    destination.shut(0);
    destination.assertComplete();
    awaitEnd(socket);
  }

  private static void ask(FakeDestination destination, Guest guest, Random random) {
    try {
      int requests = random.nextInt(200);
      for (int i = 0; i < requests; i++) {
        RamBlock block = RandomGuests.pick(random, guest.blocks());
        long pages = guest.header().blocks().pages(block);
        long page = random.nextLong(pages);
        long count = random.nextInt(8) == 0 ? 1 + random.nextLong(pages - page) : 1;
        destination.request(block, page, count);
        if (random.nextBoolean()) {
          destination.requestAgain(random.nextLong(pages));
        }
        if (random.nextInt(3) > 0) {
          destination.await(block, page);
          destination.await(block, page + count - 1);
        }
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Little is under way, so that an answer comes long before the background is through. */
  @Test
  void requestsAreAnsweredBeforeTheBackground() throws Exception {
    RamBlock large = new RamBlock(0, "pc.ram", 64 << 20);
    Guest guest = Guest.of(large).with(RandomGuests.tail(new Random(3)));
    for (long page = 0; page < large.usedLength() / 4096; page++) {
      guest.put(large, page * 4096, RandomGuests.content(new Random(page), 4096));
    }
    long asked = 15_000;
    serve(
        write(guest, SaveFormat.MAPPED_RAM),
        socket -> {
          FakeDestination destination = new FakeDestination(socket, guest);
          destination.readHead();
          destination.request(large, asked, 1);
          // The request has arrived while the socket was full.
          Thread.sleep(100);
          destination.readUntil(large, asked);
          assertThat(destination.has(large, 1000)).isFalse();
          // What lies around it comes along.
          destination.readUntil(large, asked / 16 * 16);
          destination.readUntil(large, asked / 16 * 16 + 15);
          assertThat(destination.has(large, 1500)).isFalse();
          destination.readPages();
          destination.shut(0);
          destination.assertComplete();
          awaitEnd(socket);
        });
    assertThat(faults.count()).isEqualTo(1);
    assertThat(hot.runs()).contains(new HotPages.Run(0, asked / 16 * 16));
  }

  @Test
  void hotPagesComeFirst() throws Exception {
    Guest guest = guest(new Random(4));
    hot.add(RAM, 1000);
    hot.add(ROM, 3);
    serve(
        write(guest, SaveFormat.FIXED_RAM),
        socket -> {
          FakeDestination destination = new FakeDestination(socket, guest);
          destination.readHead();
          destination.readUntil(RAM, 1000 / 16 * 16);
          assertThat(destination.has(ROM, 0) && readsInOrder()).isFalse();
          destination.readUntil(ROM, 0);
          assertThat(destination.has(RAM, readsInOrder() ? 0 : 640)).isFalse();
          destination.readPages();
          destination.shut(0);
          destination.assertComplete();
          awaitEnd(socket);
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
  void hostileDestination(int kind) {
    Guest guest = guest(new Random(5));
    Bytes message = new Bytes();
    switch (kind) {
      case 0 -> message.be16(3).be16(14).be64(0).be32(4096).u8(1).text("x");
      case 1 -> message.be16(3).be16(19).be64(1L << 40).be32(4096).u8(6).text("pc.ram");
      case 2 -> message.be16(3).be16(19).be64(100).be32(4096).u8(6).text("pc.ram");
      case 3 -> message.be16(3).be16(19).be64(0).be32(0xffff_f000L).u8(6).text("pc.ram");
      case 4 -> message.be16(3).be16(19).be64(-4096).be32(8192).u8(6).text("pc.ram");
      case 5 -> message.be16(4).be16(12).be64(0).be32(4096);
      case 6 -> message.be16(99).be16(0);
      case 7 -> message.be16(1).be16(4).be32(0);
      default -> message.be16(3).be16(65535).be64(0).be32(4096).u8(6).text("pc.ram").zeros(65516);
    }
    assertThatThrownBy(() ->
            serve(
                write(guest, SaveFormat.MAPPED_RAM),
                socket -> {
                  FakeDestination destination = new FakeDestination(socket, guest);
                  destination.readHead();
                  destination.send(message);
                  awaitEnd(socket);
                }))
        .isInstanceOf(ProtocolException.class)
        .hasMessageStartingWith("QEMU ");
    assertThat(lifeline.failures).hasSize(1);
  }

  /** A destination that asks without end is not answered without end, and costs no memory. */
  @Test
  void floodOfRequests() throws Exception {
    Guest guest = guest(new Random(6));
    serve(
        write(guest, SaveFormat.MAPPED_RAM),
        socket -> {
          FakeDestination destination = new FakeDestination(socket, guest);
          destination.readHead();
          CompletableFuture<Void> flood =
              inThread(() -> {
                for (int i = 0; i < 50_000; i++) {
                  destination.request(RAM, i % 1024, 1);
                }
              });
          destination.readPages();
          flood.join();
          destination.shut(0);
          destination.assertComplete();
          awaitEnd(socket);
        });
    assertThat(faults.count()).isLessThanOrEqualTo(1024);
  }

  @Test
  void destinationGivesUp() {
    Guest guest = guest(new Random(7));
    assertThatThrownBy(() ->
            serve(
                write(guest, SaveFormat.MAPPED_RAM),
                socket -> {
                  FakeDestination destination = new FakeDestination(socket, guest);
                  destination.readHead();
                  destination.shut(1);
                  awaitEnd(socket);
                }))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("QEMU gave up loading (status 1)");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void destinationGoesAway(boolean atTheEnd) {
    Guest guest = guest(new Random(8));
    assertThatThrownBy(() ->
            serve(
                write(guest, SaveFormat.MAPPED_RAM),
                socket -> {
                  FakeDestination destination = new FakeDestination(socket, guest);
                  destination.readHead();
                  if (atTheEnd) {
                    destination.readPages();
                  }
                  socket.close();
                }))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("QEMU");
    assertThat(lifeline.failures).isEmpty();
  }

  @Test
  void cancelled() {
    Guest guest = guest(new Random(9));
    assertThatThrownBy(() ->
            serve(
                write(guest, SaveFormat.MAPPED_RAM),
                socket -> {
                  new FakeDestination(socket, guest).readHead();
                  assertThat(cancellation.cancel()).isTrue();
                  awaitEnd(socket);
                }))
        .isInstanceOf(CancelledException.class);
  }

  /** Fails so many reads that reach over a page, or any of its run; opens the save through that. */
  private PageStore failing(long badPage, int failures) {
    long position = positionOf(badPage);
    int[] left = {failures};
    FaultyCalls calls =
        new FaultyCalls(call -> {
          boolean hit =
              call.kind() == FaultyCalls.Kind.PREAD
                  && call.position() <= position
                  && call.position() > position - (16 << 12)
                  && call.position() >= positionOf(badPage - badPage % 16);
          return hit && left[0]-- > 0 ? Errno.EIO.number() : 0;
        });
    return open(FaultyFiles.open(calls, file()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void readsAreTriedAgain(int failures) throws Exception {
    Guest guest = guest(new Random(10));
    write(guest, SaveFormat.MAPPED_RAM).close();
    long bad = guest.nonZero(RAM).ceilingKey(500L);
    serve(
        failing(bad, failures),
        socket -> {
          FakeDestination destination = new FakeDestination(socket, guest);
          takeAll(destination);
          destination.assertComplete();
          awaitEnd(socket);
        });
    assertThat(lifeline.failures).isEmpty();
  }

  /**
   * What can't be read is left out, but for what the guest waits for; all else can be had, but no
   * end.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void unreadablePages(boolean asked) throws Exception {
    Guest guest = guest(new Random(10));
    write(guest, SaveFormat.MAPPED_RAM).close();
    long bad = guest.nonZero(RAM).ceilingKey(500L);
    FakeDestination[] made = new FakeDestination[1];
    assertThatThrownBy(() ->
            serve(
                failing(bad, Integer.MAX_VALUE),
                socket -> {
                  FakeDestination destination = new FakeDestination(socket, guest);
                  made[0] = destination;
                  destination.readHead();
                  CompletableFuture<Void> waiting =
                      inThread(() -> awaitAllBut(destination, guest, bad / 16, asked ? bad : -1));
                  assertThatThrownBy(destination::readPages).isInstanceOf(EOFException.class);
                  waiting.join();
                }))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("input/output error");
    assertThat(lifeline.failures).hasSize(1);
    assertThat(made[0].has(RAM, bad)).isEqualTo(asked);
    Guest received = made[0].received();
    assertThat(received.nonZero(RAM)).doesNotContainKey(bad);
    guest
        .nonZero(RAM)
        .forEach((page, content) -> {
          if (page / 16 != bad / 16) {
            assertThat(received.page(RAM, page)).isEqualTo(content);
          }
        });
  }

  /**
   * Asks for all but a run, and for a page of that if there is one; cancels when they are there.
   */
  private void awaitAllBut(FakeDestination destination, Guest guest, long run, long asked) {
    try {
      for (RamBlock block : guest.blocks()) {
        for (long page = 0; page < guest.header().blocks().pages(block); page++) {
          if (!block.equals(RAM) || page / 16 != run || page == asked) {
            destination.request(block, page, 1);
            destination.await(block, page);
          }
        }
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      while (lifeline.failures.isEmpty()) {
        Thread.onSpinWait();
      }
      cancellation.cancel();
    }
  }

  /** Zeros are for a guest that does not stop without. */
  @Test
  void noZerosOnceTheGuestHasStopped() throws Exception {
    Guest guest = guest(new Random(10));
    write(guest, SaveFormat.MAPPED_RAM).close();
    long bad = guest.nonZero(RAM).ceilingKey(500L);
    lifeline.whenAwaited = cancellation::cancel;
    FakeDestination[] made = new FakeDestination[1];
    assertThatThrownBy(() ->
            serve(
                failing(bad, Integer.MAX_VALUE),
                socket -> {
                  made[0] = new FakeDestination(socket, guest);
                  made[0].readHead();
                  made[0].request(RAM, bad, 1);
                  assertThatThrownBy(made[0]::readPages).isInstanceOf(EOFException.class);
                }))
        .isInstanceOf(StorageException.class);
    assertThat(made[0].has(RAM, bad)).isFalse();
  }

  /** Whatever breaks in the server, the guest is stopped while it can still be reached. */
  @Test
  void lifelineIsToldBeforeTheConnectionEnds() throws Exception {
    Guest guest = guest(new Random(13));
    write(guest, SaveFormat.MAPPED_RAM).close();
    long from = positionOf(100);
    long to = positionOf(1024);
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == FaultyCalls.Kind.PREAD
              && call.position() >= from
              && call.position() < to) {
            throw new IllegalStateException("broken");
          }
          return 0;
        });
    PageStore save = open(FaultyFiles.open(calls, file()));
    AtomicBoolean stopped = new AtomicBoolean();
    lifeline.whenAwaited =
        () -> {
          assertThat(lifeline.failures).hasSize(1);
          stopped.set(true);
        };
    assertThatThrownBy(() ->
            serve(
                save,
                socket -> {
                  awaitEnd(socket);
                  assertThat(stopped).isTrue();
                }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("broken");
  }

  final long positionOf(long page) {
    try (PageStore save = Saves.open(file())) {
      return save.places().getFirst().pagesOffset() + page * 4096;
    }
  }

  @Test
  void truncatedWhileServing() {
    Guest guest = guest(new Random(11));
    lifeline.whenFailed = cancellation::cancel;
    assertThatThrownBy(() ->
            serve(
                write(guest, SaveFormat.MAPPED_RAM),
                socket -> {
                  FakeDestination destination = new FakeDestination(socket, guest);
                  destination.readHead();
                  try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
                    channel.truncate(positionOf(10));
                  }
                  awaitEnd(socket);
                }))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("incomplete");
    assertThat(lifeline.failures).hasSize(1);
  }

  @Test
  void writtenToWhileServing() {
    Guest guest = guest(new Random(12));
    assertThatThrownBy(() ->
            serve(
                write(guest, SaveFormat.MAPPED_RAM),
                socket -> {
                  FakeDestination destination = new FakeDestination(socket, guest);
                  destination.readHead();
                  Thread.sleep(20);
                  try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
                    channel.write(java.nio.ByteBuffer.allocate(1), positionOf(10));
                  }
                  destination.readPages();
                  destination.shut(0);
                  awaitEnd(socket);
                }))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageContaining("was changed");
    assertThat(lifeline.failures).hasSize(1);
  }
}
