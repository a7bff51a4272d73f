// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.fixedram.bytes.FaultyFiles;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.StorageException;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Errno;
import io.fixedram.store.PageStore;
import io.fixedram.store.SaveInfo;
import io.fixedram.store.Saves;
import io.fixedram.testing.Dirs;
import io.fixedram.testing.FaultyCalls;
import io.fixedram.testing.FaultyCalls.Call;
import io.fixedram.testing.FaultyCalls.Kind;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.SavedFile;
import io.fixedram.testing.SavedStream;
import io.fixedram.testing.Script;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A save during which each call to the kernel fails in turn: the file is right, or there is one
 * clear sentence, and nothing is left behind.
 */
class SaveFaultsTest {
  private static final byte[] EARLIER = {'e', 'a', 'r', 'l', 'i', 'e', 'r'};
  private static final int DIRECT_FLAG = 0x4000;
  private static final int DIRECTORY_FLAG = 0x10000;

  private final Dirs dirs;
  private final Path directory;
  private final Path target;

  SaveFaultsTest(@TempDir Path directory) throws IOException {
    dirs = new Dirs(directory);
    // Shared memory if there is any: syncs of a disk would take most of the time.
    this.directory = dirs.all().getLast();
    this.target = this.directory.resolve("save");
  }

  @BeforeEach
  void writeEarlierFile() throws IOException {
    Files.write(target, EARLIER);
  }

  @AfterEach
  void removeDirectories() throws IOException {
    dirs.close();
  }

  /** What may go wrong with a kind of call. */
  private record Fault(Kind kind, int result, boolean survivable) {}

  private static final List<Fault> FAULTS =
      List.of(
          fault(Kind.OPEN, Errno.EINTR, true),
          fault(Kind.OPEN, Errno.EMFILE, false),
          fault(Kind.OPEN, Errno.EACCES, false),
          fault(Kind.CLOSE, Errno.EIO, true),
          fault(Kind.PREAD, Errno.EINTR, true),
          fault(Kind.PREAD, Errno.EAGAIN, true),
          fault(Kind.PREAD, Errno.EIO, false),
          new Fault(Kind.PREAD, FaultyCalls.SHORT, true),
          new Fault(Kind.PREAD, FaultyCalls.NOTHING, false),
          fault(Kind.PWRITE, Errno.EINTR, true),
          fault(Kind.PWRITE, Errno.EAGAIN, true),
          fault(Kind.PWRITE, Errno.ENOSPC, false),
          fault(Kind.PWRITE, Errno.EDQUOT, false),
          fault(Kind.PWRITE, Errno.EIO, false),
          fault(Kind.PWRITE, Errno.EINVAL, false),
          new Fault(Kind.PWRITE, FaultyCalls.SHORT, true),
          new Fault(Kind.PWRITE, FaultyCalls.NOTHING, false),
          fault(Kind.FALLOCATE, Errno.EINTR, true),
          fault(Kind.FALLOCATE, Errno.EOPNOTSUPP, true),
          fault(Kind.FALLOCATE, Errno.EIO, false),
          fault(Kind.FSYNC, Errno.EINTR, true),
          fault(Kind.FSYNC, Errno.EIO, false),
          fault(Kind.FSYNC, Errno.ENOSPC, false),
          fault(Kind.SYNC_FILE_RANGE, Errno.EIO, true),
          fault(Kind.FLOCK, Errno.EINTR, true),
          fault(Kind.FLOCK, Errno.EAGAIN, true),
          fault(Kind.FLOCK, Errno.EBADF, true),
          fault(Kind.FLOCK, Errno.ENOLCK, true),
          fault(Kind.FLOCK, Errno.EIO, false),
          fault(Kind.LSEEK, Errno.EINVAL, false),
          fault(Kind.STATX, Errno.EIO, false),
          fault(Kind.RENAME, Errno.EACCES, false),
          fault(Kind.RENAME, Errno.EIO, false));

  private static Fault fault(Kind kind, Errno errno, boolean survivable) {
    return new Fault(kind, errno.number(), survivable);
  }

  /** A guest, and steps that take all ways through the writer: whole chunks, parts, holes. */
  private static Script script() {
    RamBlock ram = new RamBlock(0, "pc.ram", (1 << 20) + 40960);
    RamBlock rom = new RamBlock(1, "pc.rom", 3 * 4096);
    Random random = new Random(1);
    Guest guest = Guest.of(ram, rom).with(RandomGuests.tail(random));
    byte[] chunk = new byte[1 << 20];
    random.nextBytes(chunk);
    return Script.of(guest)
        .data(ram, 0, chunk)
        .zero(ram, 3 * 4096, 4096)
        .zero(ram, 200 * 4096, 8 * 4096)
        .data(ram, 5 * 4096, RandomGuests.content(random, 4096))
        .data(ram, 1 << 20, RandomGuests.content(random, 8192))
        .data(rom, 4096, RandomGuests.content(random, 4096));
  }

  /** Saves, and asks back for a page that has been written, as a stream with differences does. */
  private static void save(FaultyCalls calls, Path target, SaveFormat format, DirectMode direct) {
    WriteOptions options = new WriteOptions(direct, true, 4096);
    Script script = script();
    try (SaveWriter writer =
        SaveWriter.create(calls, target, format, DestinationMemory.QEMU, options)) {
      if (format == SaveFormat.STREAM) {
        script.sendTo(writer.sink());
      } else {
        script.sendTo(new Asking(writer.sink(), script.guest().block(0)));
      }
      writer.publish();
    }
  }

  /** Asks a sink for the content of a page before it ends. */
  private record Asking(SaveSink target, RamBlock block) implements SaveSink {
    @Override
    public void begin(SaveHeader header) {
      target.begin(header);
    }

    @Override
    public void data(
        RamBlock to, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      target.data(to, offset, from, fromOffset, lengthBytes);
    }

    @Override
    public void zero(RamBlock to, long offset, long lengthBytes) {
      target.zero(to, offset, lengthBytes);
    }

    @Override
    public void drain() {
      target.drain();
    }

    @Override
    public void end(DeviceState state) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment page = arena.allocate(4096);
        target.readBack().orElseThrow().read(block, 100 * 4096, page);
        target.data(block, 100 * 4096, page, 0, 4096);
      }
      target.end(state);
    }

    @Override
    public void close() {
      target.close();
    }
  }

  static Stream<Arguments> ways() {
    return Stream.of(
        argumentSet("fixed-ram", SaveFormat.FIXED_RAM, DirectMode.OFF),
        argumentSet("mapped-ram, direct if possible", SaveFormat.MAPPED_RAM, DirectMode.AUTO),
        argumentSet("stream", SaveFormat.STREAM, DirectMode.OFF));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void eachCallFailsOnce(SaveFormat format, DirectMode direct) throws IOException {
    FaultyCalls none = FaultyCalls.none();
    save(none, target, format, direct);
    assertRight(format, true);
    List<Call> calls = none.calls();
    assertThat(calls.stream().map(Call::kind))
        .contains(Kind.OPEN, Kind.CLOSE, Kind.PWRITE, Kind.FSYNC, Kind.FLOCK, Kind.STATX);
    if (format != SaveFormat.STREAM) {
      assertThat(calls.stream().map(Call::kind)).contains(Kind.FALLOCATE, Kind.PREAD);
    }
    int tried = 0;
    for (Call failing : calls) {
      for (Fault fault : FAULTS) {
        if (fault.kind == failing.kind()) {
          check(format, direct, fault, ordinal(calls, failing), false);
          tried++;
        }
      }
    }
    assertThat(tried).isGreaterThan(30);
  }

  /** A full disk stays full. */
  @ParameterizedTest
  @MethodSource("ways")
  void callsFailFromOneOn(SaveFormat format, DirectMode direct) throws IOException {
    FaultyCalls none = FaultyCalls.none();
    save(none, target, format, direct);
    for (Call failing : none.calls()) {
      for (Errno errno : List.of(Errno.ENOSPC, Errno.EIO, Errno.EINVAL)) {
        if (failing.kind() == Kind.PWRITE) {
          int at = ordinal(none.calls(), failing);
          check(format, direct, fault(Kind.PWRITE, errno, false), at, true);
        }
      }
    }
  }

  /** The place of a call among those of its kind: several threads write, in no order. */
  private static int ordinal(List<Call> calls, Call call) {
    return (int)
        calls.subList(0, call.index()).stream().filter(each -> each.kind() == call.kind()).count();
  }

  private void check(SaveFormat format, DirectMode direct, Fault fault, int at, boolean goesOn)
      throws IOException {
    Files.write(target, EARLIER);
    AtomicBoolean renamed = new AtomicBoolean();
    AtomicInteger seen = new AtomicInteger();
    List<Call> hits = Collections.synchronizedList(new ArrayList<>());
    FaultyCalls calls =
        new FaultyCalls(call -> {
          int ordinal = call.kind() == fault.kind ? seen.getAndIncrement() : -1;
          boolean fails = ordinal == at || (goesOn && ordinal > at);
          if (fails) {
            renamed.compareAndSet(
                false, hits.isEmpty() && target.toFile().length() != EARLIER.length);
            hits.add(call);
          }
          return fails ? fault.result : 0;
        });
    String what = format + ", " + fault + " at its call " + at;
    try {
      save(calls, target, format, direct);
      assertThat(
              fault.survivable
                  || fault.result == Errno.EINVAL.number()
                  || hits.isEmpty()
                  || isDirectOpen(hits.getFirst())
                  || isEarlierFileOfOthers(hits.getFirst(), fault))
          .as("%s was survived", what)
          .isTrue();
      assertRight(format, fault.kind != Kind.FALLOCATE);
    } catch (FixedRamException e) {
      assertThat(fault.survivable).as("%s made fail: %s", what, e.getMessage()).isFalse();
      assertSentence(e, List.copyOf(hits), what);
      if (renamed.get()) {
        assertRight(format, true);
      } else {
        assertThat(Files.readAllBytes(target)).as(what).isEqualTo(EARLIER);
      }
    }
    assertThat(Dirs.names(directory)).as(what).containsExactly("save");
    assertThat(calls.open()).as("descriptors left open by %s", what).isEmpty();
  }

  private static boolean isDirectOpen(Call call) {
    return (call.flags() & DIRECT_FLAG) != 0;
  }

  /** A file that can't be read can be replaced. */
  private boolean isEarlierFileOfOthers(Call call, Fault fault) {
    return call.path().equals(target.toString()) && fault.result == Errno.EACCES.number();
  }

  private void assertSentence(FixedRamException e, List<Call> hits, String what) {
    Call hit = hits.getFirst();
    boolean ofDirectory = hit.kind() == Kind.OPEN && (hit.flags() & DIRECTORY_FLAG) != 0;
    assertThat(e.getMessage())
        .as(what)
        .startsWith("cannot ")
        .contains(ofDirectory || hit.kind() == Kind.FSYNC ? directory.toString() : "save")
        .doesNotContain("\n", "Exception", "null");
    if (hit.kind() == Kind.PWRITE || hit.kind() == Kind.PREAD || hit.kind() == Kind.FALLOCATE) {
      assertThat(hits.stream().map(each -> "offset " + each.position()))
          .as("%s: %s", what, e.getMessage())
          .anyMatch(e.sentence()::contains);
    }
  }

  private void assertRight(SaveFormat format, boolean holes) throws IOException {
    Guest guest = script().guest();
    if (format == SaveFormat.STREAM) {
      SavedStream.check(Files.readAllBytes(target), guest);
    } else {
      SavedFile.check(target, guest, format, 4096, holes);
    }
  }

  /** Zeros are written where no hole can be punched. */
  @Test
  void fileSystemWithoutHoles() throws IOException {
    FaultyCalls calls =
        new FaultyCalls(call -> call.kind() == Kind.FALLOCATE ? Errno.EOPNOTSUPP.number() : 0);
    save(calls, target, SaveFormat.MAPPED_RAM, DirectMode.OFF);
    assertThat(calls.calls().stream().filter(call -> call.kind() == Kind.FALLOCATE)).hasSize(1);
    assertRight(SaveFormat.MAPPED_RAM, false);
    // The pages themselves are zeros, not only their bits.
    byte[] file = Files.readAllBytes(target);
    int pages = (int) SaveInfo.of(target).blocks().getFirst().pagesOffset().orElseThrow();
    assertThat(Guest.isZero(Arrays.copyOfRange(file, pages + 200 * 4096, pages + 208 * 4096)))
        .isTrue();
  }

  @Test
  void directWritesThatAreDemandedAndNotPossible() {
    FaultyCalls calls =
        new FaultyCalls(
            call -> call.kind() == Kind.OPEN && isDirectOpen(call) ? Errno.EINVAL.number() : 0);
    assertThatThrownBy(() -> save(calls, target, SaveFormat.MAPPED_RAM, DirectMode.ON))
        .isInstanceOf(StorageException.class)
        .hasMessage(
            "cannot write "
                + directory.resolve(".save.partial")
                + " past the page cache: the file system refuses direct writes: invalid argument")
        .satisfies(failure ->
            assertThat(((StorageException) failure).remedies())
                .containsExactly(Remedy.WRITE_THROUGH_PAGE_CACHE));
    assertThat(calls.open()).isEmpty();
  }

  /** Some file systems take the flag at open and refuse the first write. */
  @Test
  void directWritesThatAreDemandedAndRefusedLate() throws IOException {
    Set<Integer> direct = new HashSet<>();
    FaultyCalls none = FaultyCalls.none();
    save(none, target, SaveFormat.MAPPED_RAM, DirectMode.OFF);
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == Kind.OPEN && isDirectOpen(call)) {
            direct.add(call.index());
          }
          return call.kind() == Kind.PWRITE && !direct.isEmpty() ? Errno.EINVAL.number() : 0;
        });
    assertThatThrownBy(() -> save(calls, target, SaveFormat.MAPPED_RAM, DirectMode.ON))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(
            "past the page cache: the file system refuses direct writes: invalid argument");
    assertThat(calls.open()).isEmpty();
    assertThat(Dirs.names(directory)).containsExactly("save");
  }

  /** Whatever happens to the thread that writes must come out of the one that waits for it. */
  @Test
  void defectInTheWritingThread() throws IOException {
    FaultyCalls calls =
        new FaultyCalls(call -> {
          if (call.kind() == Kind.PWRITE
              && Thread.currentThread().getName().equals("fixedram page writer")) {
            throw new IllegalStateException("a defect");
          }
          return 0;
        });
    assertThatThrownBy(() -> save(calls, target, SaveFormat.FIXED_RAM, DirectMode.OFF))
        .isInstanceOf(FixedRamException.class)
        .hasMessageStartingWith("writing pages failed: ")
        .hasMessageContaining("a defect");
    assertThat(Dirs.names(directory)).containsExactly("save");
    assertThat(Files.readAllBytes(target)).isEqualTo(EARLIER);
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void eachReadFailsOnce(SaveFormat format) throws IOException {
    save(FaultyCalls.none(), target, format, DirectMode.OFF);
    FaultyCalls none = FaultyCalls.none();
    read(none);
    for (Call failing : none.calls()) {
      for (Fault fault : FAULTS) {
        if (fault.kind != failing.kind()) {
          continue;
        }
        String what = format + ", " + fault + " at call " + failing.index();
        FaultyCalls calls =
            new FaultyCalls(call -> call.index() == failing.index() ? fault.result : 0);
        try {
          read(calls);
          assertThat(fault.survivable).as("%s was survived", what).isTrue();
        } catch (FixedRamException e) {
          assertThat(fault.survivable).as("%s made fail: %s", what, e.getMessage()).isFalse();
          assertThat(e.getMessage()).as(what).contains(target.toString());
          assertThat(e)
              .as(what)
              .isInstanceOf(
                  fault.result == FaultyCalls.NOTHING
                      ? DamagedSaveException.class
                      : StorageException.class);
        }
        assertThat(calls.open()).as("descriptors left open by %s", what).isEmpty();
      }
    }
  }

  private void read(FaultyCalls calls) {
    Guest guest = script().guest();
    try (PageStore save = Saves.open(FaultyFiles.open(calls, target))) {
      GuestSink sink = new GuestSink();
      save.sendTo(sink);
      Guest.assertSame(sink.guest(), guest);
      SaveInfo info = SaveInfo.of(save);
      Optional<FixedRamException> problem = info.problem();
      if (problem.isPresent()) {
        throw problem.get();
      }
    }
  }
}
