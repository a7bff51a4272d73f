// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.LocalFile;
import io.fixedram.bytes.StorePart;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.layout.BlockPlace;
import io.fixedram.layout.SaveFormat;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import io.fixedram.testing.ParallelStore;
import io.fixedram.testing.RandomGuests;
import io.fixedram.testing.Script;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Saves in envelopes whose offsets count from the body, and from the envelope's beginning. */
class EnvelopeTest {
  private static final byte[] MAGIC = {'B', 'O', 'X'};
  private static final int HEAD_BYTES = 8192;

  /** Bytes of a mapped-ram block's header before the bitmap's offset, and between both offsets. */
  private static final int BITMAP_OFFSET_BEFORE = 16;

  private static final int PAGES_OFFSET_BEFORE = 8;

  private final Path save;
  private final Path image;
  private final Guest guest = RandomGuests.guest(new Random(5), RandomGuests.Kinds.small());

  EnvelopeTest(@TempDir Path directory) {
    this.save = directory.resolve("save");
    this.image = directory.resolve("image");
  }

  private void write(SaveFormat format) {
    WriteOptions options = new WriteOptions(DirectMode.OFF, false, 4096);
    try (SaveWriter writer = SaveWriter.create(save, format, options)) {
      Script.of(guest).sendTo(writer.sink());
      writer.publish();
    }
  }

  private void wrap(byte[] body) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + body.length);
    bytes.put(MAGIC).position(HEAD_BYTES).put(body);
    Files.write(image, bytes.array());
  }

  private static boolean isBox(ByteStore store) {
    return Arrays.equals(store.readHead(0, MAGIC.length), MAGIC);
  }

  private static Optional<Envelope.Body> own(ByteStore store) {
    return isBox(store)
        ? Optional.of(
            new Envelope.Body(new StorePart(store, HEAD_BYTES, store.sizeBytes() - HEAD_BYTES), 0))
        : Optional.empty();
  }

  private static Optional<Envelope.Body> whole(ByteStore store) {
    return isBox(store) ? Optional.of(new Envelope.Body(store, HEAD_BYTES)) : Optional.empty();
  }

  private void assertHolds(PageStore store, SaveFormat format) {
    assertThat(store.name()).isEqualTo(image.toString());
    assertThat(store.file().orElseThrow().format()).isEqualTo(format);
    for (int i = 0; i < 2; i++) {
      GuestSink sink = new GuestSink();
      store.sendTo(sink);
      Guest.assertSame(sink.guest(), guest);
    }
  }

  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void offsetsCountFromTheBody(SaveFormat format) throws IOException {
    write(format);
    wrap(Files.readAllBytes(save));
    try (PageStore store = Saves.open(LocalFile.open(image), List.of(EnvelopeTest::own))) {
      assertHolds(store, format);
      assertThat(store.localFile()).as("a file that begins with the save").isEmpty();
      assertThat(SaveInfo.of(store).complete()).isTrue();
    }
  }

  @Test
  void offsetsCountFromTheEnvelope() throws IOException {
    write(SaveFormat.MAPPED_RAM);
    ByteBuffer body = ByteBuffer.wrap(Files.readAllBytes(save));
    try (PageStore store = Saves.open(save)) {
      for (BlockPlace place : store.places()) {
        int bitmap = Math.toIntExact(place.bitmapOffset());
        body.putLong(bitmap - BITMAP_OFFSET_BEFORE, place.bitmapOffset() + HEAD_BYTES);
        body.putLong(bitmap - PAGES_OFFSET_BEFORE, place.pagesOffset() + HEAD_BYTES);
      }
    }
    wrap(body.array());
    try (PageStore store = Saves.open(LocalFile.open(image), List.of(EnvelopeTest::whole))) {
      assertHolds(store, SaveFormat.MAPPED_RAM);
      assertThat(store.localFile()).as("a file that begins with the save").isEmpty();
    }
  }

  /** Reads end in another order than they began. */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void storeThatAnswersManyReadsAtATime(SaveFormat format) throws IOException {
    write(format);
    Files.move(save, image);
    Random random = new Random(6);
    ParallelStore store =
        new ParallelStore(
            LocalFile.open(image), 4, _ -> LockSupport.parkNanos(random.nextInt(1_000_000)));
    try (PageStore pages = Saves.open(store)) {
      assertThat(pages.parallelReads()).isEqualTo(4);
      assertHolds(pages, format);
    }
  }

  @Test
  void whatNoEnvelopeKnowsIsOpenedAsASave() throws IOException {
    write(SaveFormat.FIXED_RAM);
    Files.move(save, image);
    try (PageStore store =
        Saves.open(LocalFile.open(image), List.of(EnvelopeTest::own, EnvelopeTest::whole))) {
      assertHolds(store, SaveFormat.FIXED_RAM);
    }
  }

  @Test
  void envelopeOfSomethingElse() throws IOException {
    wrap(new byte[100]);
    LocalFile file = LocalFile.open(image);
    assertThatThrownBy(() -> Saves.open(file, List.of(EnvelopeTest::own)))
        .isInstanceOf(DamagedSaveException.class)
        .hasMessageStartingWith(image.toString());
  }
}
