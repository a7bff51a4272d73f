// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.bytes.ByteSource;
import io.fixedram.bytes.ByteTarget;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.RandomStream;
import io.fixedram.testing.Rounds;
import io.fixedram.testing.SavedStream;
import io.fixedram.testing.Script;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The decoder against streams put together byte by byte, and the encoder against a naive reader.
 */
class RandomStreamsTest {
  @Test
  void decoderTakesEveryRecordAndCommand() {
    Rounds.run(
        300,
        random -> {
          Guest guest = RandomGuests.guest(random, RandomGuests.Kinds.small());
          RandomStream stream = RandomStream.of(random, guest, true);
          ByteArrayOutputStream answers = new ByteArrayOutputStream();
          ReturnPath returnPath = new ReturnPath(Channels.newChannel(answers), "the return path");
          GuestSink sink = new GuestSink();
          ByteSource source =
              switch (random.nextInt(3)) {
                case 0 -> pieces(stream.bytes(), random);
                case 1 -> ByteSource.of(hesitant(stream.bytes(), random), "a channel");
                default -> pieces(stream.bytes(), 1);
              };
          new StreamReader(source, "a stream", Optional.of(returnPath)).sendTo(sink);
          returnPath.accept();
          Guest.assertSame(sink.guest(), guest);
          assertThat(answers.toByteArray()).isEqualTo(stream.answers());
        });
  }

  @Test
  void headerCanBeReadAlone() {
    Rounds.run(
        50,
        random -> {
          Guest guest = RandomGuests.guest(random, RandomGuests.Kinds.small());
          byte[] stream = RandomStream.of(random, guest, true).bytes();
          assertThat(new StreamReader(pieces(stream, random), "a stream").readHeader())
              .isEqualTo(guest.header());
        });
  }

  @Test
  void encoderWritesWhatANaiveReaderReads() {
    Rounds.run(
        100,
        random -> {
          Guest guest = RandomGuests.guest(random, RandomGuests.Kinds.small());
          Script script = Script.random(random, guest, 100);
          byte[] stream = encode(script, random);
          SavedStream.check(stream, guest);
          GuestSink sink = new GuestSink();
          new StreamReader(pieces(stream, random), "a stream").sendTo(sink);
          Guest.assertSame(sink.guest(), guest);
        });
  }

  @Test
  void encoderWritesEachPageOfAGuestOnceAsANaiveWriterDoes() throws IOException {
    RamBlock ram = new RamBlock(0, "pc.ram", 40960);
    Guest guest = Guest.of(ram);
    for (int page : new int[] {0, 3, 9}) {
      byte[] content = new byte[4096];
      Arrays.fill(content, (byte) (page + 1));
      guest.put(ram, page * 4096L, content);
    }
    byte[] encoded = encode(Script.of(guest), new Random(1));
    byte[] naive = Bytes.stream(guest);
    // The naive writer names the block before each page.
    assertThat(encoded).hasSize(naive.length - 2 * ("pc.ram".length() + 1));
    assertThat(SavedStream.check(encoded, guest)).isEqualTo(SavedStream.check(naive, guest));
  }

  /** QEMU's destination does other work only between sections. */
  @Test
  void encoderBeginsANewPartAfterSixteenMebibytes() throws IOException {
    RamBlock ram = new RamBlock(0, "pc.ram", 40 << 20);
    Guest guest = Guest.of(ram);
    byte[] content = new byte[1 << 20];
    Arrays.fill(content, (byte) 1);
    for (int i = 0; i < 40; i++) {
      guest.put(ram, (long) i << 20, content);
    }
    SavedStream.Counts counts = SavedStream.check(encode(Script.of(guest), new Random(1)), guest);
    assertThat(counts.dataPages()).isEqualTo(40 * 256);
    assertThat(counts.sections()).isEqualTo(3);
  }

  @Test
  void aGuestWithoutRamIsCarried() {
    Guest guest =
        new Guest(
            new SaveHeader(
                Guest.of().header().configuration(), new RamBlocks(4096, java.util.List.of()), 7));
    GuestSink sink = new GuestSink();
    new StreamReader(pieces(encode(Script.of(guest), new Random(1)), 1), "a stream").sendTo(sink);
    Guest.assertSame(sink.guest(), guest);
  }

  private static byte[] encode(Script script, Random random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (StreamEncoder encoder =
        new StreamEncoder(ByteTarget.of(sluggish(out, random), "a channel"))) {
      script.sendTo(encoder);
      assertThat(encoder.pageBytes() % script.guest().pageSize()).isZero();
    }
    return out.toByteArray();
  }

  /** Gives pieces of random length. */
  private static ByteSource pieces(byte[] bytes, Random random) {
    return (position, into, offset, length) -> {
      long count = Math.min(Math.min(length, bytes.length - position), 1 + random.nextInt(9000));
      MemorySegment.copy(MemorySegment.ofArray(bytes), position, into, offset, count);
      return count;
    };
  }

  /** Gives pieces of one length. */
  private static ByteSource pieces(byte[] bytes, int most) {
    return (position, into, offset, length) -> {
      long count = Math.min(Math.min(length, bytes.length - position), most);
      MemorySegment.copy(MemorySegment.ofArray(bytes), position, into, offset, count);
      return count;
    };
  }

  /** A channel that sometimes has nothing to give. */
  private static ReadableByteChannel hesitant(byte[] bytes, Random random) {
    ByteArrayInputStream in = new ByteArrayInputStream(bytes);
    return new ReadableByteChannel() {
      @Override
      public int read(ByteBuffer into) {
        if (random.nextInt(3) == 0) {
          return 0;
        }
        byte[] piece = new byte[Math.min(into.remaining(), 1 + random.nextInt(5000))];
        int count = in.read(piece, 0, piece.length);
        if (count > 0) {
          into.put(piece, 0, count);
        }
        return count;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  /** A channel that takes a part of what it is given. */
  private static WritableByteChannel sluggish(ByteArrayOutputStream out, Random random) {
    return new WritableByteChannel() {
      @Override
      public int write(ByteBuffer from) {
        byte[] piece = new byte[Math.min(from.remaining(), random.nextInt(100_000))];
        from.get(piece);
        out.writeBytes(piece);
        return piece.length;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }
}
