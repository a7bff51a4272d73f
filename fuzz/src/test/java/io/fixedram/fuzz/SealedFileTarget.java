// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.error.UntrustedSaveException;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import io.fixedram.testing.Script;
import io.fixedram.verify.Sealing;
import io.fixedram.verify.Verification;
import io.fixedram.verify.VerificationReport;
import io.fixedram.write.DirectMode;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Files with a footer: the seal, its digests, table heads and manifest. The first byte says whether
 * digests are made to fit first, so that what is behind them is reached. What verification calls
 * whole can be read; a file that could be read can be sealed, and is whole then.
 */
final class SealedFileTarget implements FuzzTarget {
  private static final SigningKey KEY = SigningKey.of(new byte[SigningKey.MIN_BYTES]);

  private final Path directory;

  SealedFileTarget(Path directory) {
    this.directory = directory;
  }

  @Override
  public String name() {
    return "sealed-file";
  }

  @Override
  public void read(byte[] input) {
    if (input.length == 0) {
      return;
    }
    SparseStore store = SparseStore.of(Arrays.copyOfRange(input, 1, input.length));
    Path path = directory.resolve("sealed-file");
    store.writeTo(path);
    if ((input[0] & 1) != 0) {
      Resealing.digests(path, (input[0] & 2) != 0);
    }
    Optional<FixedRamException> notVerified = Optional.empty();
    try {
      VerificationReport report = Verification.run(path, 1, new Cancellation());
      if (!report.isWhole()) {
        report.throwIfDamaged();
      }
    } catch (FixedRamException e) {
      notVerified = Optional.of(e);
    }
    Pages read;
    try (PageStore save = Saves.open(path)) {
      if (save.header().blocks().totalBytes() > FixedFileTarget.MAX_RAM_BYTES) {
        return;
      }
      read = FixedFileTarget.readTwice(save);
      var _ = save.manifest();
    } catch (FixedRamException e) {
      if (notVerified.isEmpty()) {
        throw new AssertionError("verified, but can't be read", e);
      }
      throw e;
    }
    readWithKey(path, read);
    if (notVerified.filter(e -> e.remedies().contains(Remedy.SEAL)).isPresent()) {
      seal(path, read);
    }
  }

  /** With a key, what is signed with it is read as without, and nothing else is read. */
  private static void readWithKey(Path path, Pages read) {
    try (PageStore save = Saves.open(path, Optional.of(KEY))) {
      read.assertSame(Pages.of(save), "with a key");
    } catch (UntrustedSaveException e) {
      // It is not signed, or was changed since.
    }
  }

  private static void seal(Path path, Pages read) {
    Sealing.run(path, 1, new Cancellation());
    VerificationReport report = Verification.run(path, 1, new Cancellation());
    if (!report.isWhole()) {
      throw new AssertionError("sealed, but damaged: " + report.damage().getFirst().text());
    }
    try (PageStore save = Saves.open(path)) {
      read.assertSame(Pages.of(save), "after sealing");
    }
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    Path path = directory.resolve("seed");
    for (int i = 0; i < 11; i++) {
      Files.deleteIfExists(path);
      Guest guest = SmallGuests.of(new Random(i));
      if (i % 3 == 2) {
        Files.write(path, Bytes.mappedRam(guest, i == 2 ? 1024 : 1 << 20, 1));
      } else {
        write(path, guest, i % 2 == 0 ? SaveFormat.MAPPED_RAM : SaveFormat.FIXED_RAM, i > 8);
      }
      if (i == 8) {
        Sealing.run(path, 1, new Cancellation());
      }
      byte[] file = SparseStore.input(path);
      seeds.add(new Bytes().u8(i % 4).raw(file).toArray());
    }
    Files.delete(path);
    return seeds;
  }

  private static void write(Path path, Guest guest, SaveFormat format, boolean signed) {
    WriteOptions plain = new WriteOptions(DirectMode.OFF, false, 1 << 20);
    WriteOptions options = signed ? plain.signed(KEY) : plain;
    try (SaveWriter writer = SaveWriter.create(path, format, options)) {
      Script.of(guest).sendTo(writer.sink());
      writer.manifest("{\"manifest\": 1}");
      writer.publish();
    }
  }
}
