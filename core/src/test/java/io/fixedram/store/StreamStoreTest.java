// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.RamBlock;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.RandomStream;
import io.fixedram.testing.Rounds;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams in files, read at random. */
class StreamStoreTest {
  private final Path path;

  StreamStoreTest(@TempDir Path directory) {
    this.path = directory.resolve("stream");
  }

  private static Guest guest(Random random) {
    return RandomGuests.guest(random, RandomGuests.Kinds.small());
  }

  /** Reads a run of pages into dirty memory and compares those that are stored. */
  private static void assertRead(PageStore store, PageMap map, long first, long end, Guest guest) {
    int pageSize = guest.pageSize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate((end - first) * pageSize + 1, 64).fill((byte) 0x5a);
      boolean any = store.read(map, first, end, into, 1);
      assertThat(any).isEqualTo(map.stored().isAnySet(first, end - first));
      for (long page = first; page < end; page++) {
        byte[] expected = guest.page(map.block(), page);
        if (map.kind(page) == PageKind.ZERO) {
          assertThat(Guest.isZero(expected)).as("page %d of %s", page, map.block()).isTrue();
        } else {
          assertThat(map.kind(page)).isEqualTo(PageKind.HERE);
          assertThat(
                  into.asSlice(1 + (page - first) * pageSize, pageSize)
                      .toArray(ValueLayout.JAVA_BYTE))
              .as("page %d of %s", page, map.block())
              .isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void anyRunOfPagesIsThatOfTheGuest() {
    Rounds.run(
        200,
        random -> {
          Guest guest = guest(random);
          Files.write(path, RandomStream.of(random, guest, false).bytes());
          try (PageStore store = Saves.open(path)) {
            assertThat(store.isRandomAccess()).isFalse();
            assertThat(Guest.Tail.of(store.deviceState())).isEqualTo(guest.tail());
            for (RamBlock block : store.blocks()) {
              PageMap map = store.pages(block);
              assertThat(map.pages()).isEqualTo(guest.header().blocks().pages(block));
              for (int i = 0; i < 5 && map.pages() > 0; i++) {
                long first = random.nextLong(map.pages());
                assertRead(
                    store,
                    map,
                    first,
                    Math.min(map.pages(), first + 1 + random.nextInt(20)),
                    guest);
              }
            }
            GuestSink inOrder = new GuestSink();
            store.sendTo(inOrder);
            Guest.assertSame(inOrder.guest(), guest);
          }
        });
  }

  @Test
  void withoutSomeBlocksTheOthersAreSent() {
    Rounds.run(
        50,
        random -> {
          Guest guest = guest(random);
          Files.write(path, RandomStream.of(random, guest, false).bytes());
          try (PageStore store = Saves.open(path)) {
            RamBlock left = RandomGuests.pick(random, guest.blocks());
            GuestSink sink = new GuestSink();
            store.without(Set.of(left)).sendTo(sink);
            guest.zero(left, 0, left.usedLength());
            Guest.assertSame(sink.guest(), guest);
          }
        });
  }

  /** A difference needs the page before, which only the order of the stream gives. */
  @Test
  void differencesAreReadInOrderOnly() throws IOException {
    RamBlock ram = new RamBlock(0, "pc.ram", 8192);
    Guest guest = Guest.of(ram);
    byte[] ones = new byte[4096];
    Arrays.fill(ones, (byte) 1);
    Bytes out =
        new Bytes().head(guest.header().configuration(), "").startRam(2).list(guest.blocks());
    out.record(0, 8, Optional.of(ram)).raw(ones);
    out.record(4096, 8, Optional.of(ram)).raw(ones);
    out.record(0, 0x40, Optional.of(ram)).u8(1).be16(3).raw(new byte[] {0, 1, 9});
    out.eos().footer(2).end(2).eos().footer(2).raw(guest.tail().toBytes());
    Files.write(path, out.toArray());
    try (PageStore store = Saves.open(path);
        Arena arena = Arena.ofConfined()) {
      PageMap map = store.pages(ram);
      MemorySegment page = arena.allocate(4096);
      assertThat(store.read(map, 1, 2, page, 0)).isTrue();
      assertThat(page.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(ones);
      assertThatThrownBy(() -> store.read(map, 0, 1, page, 0))
          .isInstanceOf(UnsupportedSaveException.class)
          .hasMessage(
              path
                  + " has page 0 of RAM block pc.ram as an xbzrle difference to an earlier one,"
                  + " which can't be read by itself: convert the stream to a fixed-offset file");
      GuestSink sink = new GuestSink();
      store.sendTo(sink);
      ones[0] = 9;
      assertThat(sink.guest().page(ram, 0)).isEqualTo(ones);
    }
  }

  @Test
  void cutOffStreamHasThePagesThatCame() {
    Rounds.run(
        100,
        random -> {
          Guest guest = guest(random);
          byte[] whole = RandomStream.of(random, guest, false).bytes();
          int cut = whole.length * 3 / 4 + random.nextInt(whole.length / 8);
          Files.write(path, Arrays.copyOf(whole, cut));
          try (PageStore store = Saves.open(path)) {
            SaveInfo info = SaveInfo.of(store);
            if (info.complete()) {
              return;
            }
            assertThatThrownBy(store::deviceState).isInstanceOf(FixedRamException.class);
            try (Arena arena = Arena.ofConfined()) {
              for (RamBlock block : store.blocks()) {
                PageMap map = store.pages(block);
                MemorySegment into = arena.allocate(block.usedLength(), 64);
                assertThat(store.read(map, 0, map.pages(), into, 0))
                    .isEqualTo(map.stored().cardinality() > 0);
              }
            }
          } catch (DamagedSaveException e) {
            assertThat(e).as("the cut is in the head").hasMessageContaining("incomplete");
          }
        });
  }
}
