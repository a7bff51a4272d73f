// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import io.fixedram.testing.RandomStream;
import io.fixedram.wire.ReturnPath;
import io.fixedram.wire.StreamReader;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Migration streams, from a connection and in a file. What is received in the stream's order is
 * what is read from the file in any order.
 */
final class StreamTarget implements FuzzTarget {
  @Override
  public String name() {
    return "stream";
  }

  @Override
  public void read(byte[] input) {
    Pages received = new Pages();
    ByteArrayOutputStream answers = new ByteArrayOutputStream();
    ReturnPath returnPath = new ReturnPath(Channels.newChannel(answers), "the sender");
    Optional<FixedRamException> refusal = Optional.empty();
    try {
      new StreamReader(source(input), "the input", Optional.of(returnPath)).sendTo(received);
    } catch (FixedRamException e) {
      refusal = Optional.of(e);
    }
    try (PageStore store = Saves.open(new MemoryStore(input))) {
      Pages read = Pages.of(store);
      // Content that was damaged, and then sent again, is not looked at.
      refusal.ifPresent(first -> {
        throw first;
      });
      received.assertSame(read, "in any order");
      read.assertSame(Pages.of(store), "again");
    } catch (UnsupportedSaveException e) {
      // Differences to earlier content can't be read in any order.
      refusal.ifPresent(first -> {
        throw first;
      });
      throw e;
    } catch (FixedRamException e) {
      if (refusal.isEmpty()) {
        throw new AssertionError("refused as a file, read as a stream", e);
      }
      throw e;
    }
  }

  private static ByteSource source(byte[] input) {
    return (position, into, offset, length) -> {
      long count = Math.min(length, input.length - position);
      MemorySegment.copy(MemorySegment.ofArray(input), position, into, offset, count);
      return count;
    };
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (int i = 0; i < 80; i++) {
      Random random = new Random(i);
      Guest guest = SmallGuests.of(random);
      seeds.add(i < 4 ? Bytes.stream(guest) : RandomStream.of(random, guest, i % 4 == 0).bytes());
    }
    // Of the shortest a fuzzer tries the most.
    seeds.sort(Comparator.comparingInt(seed -> seed.length));
    return seeds.subList(0, 16);
  }
}
