// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.parts;

import io.fixedram.cancel.Cancellation;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.key.SigningKey;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.verify.Verification;
import io.fixedram.verify.VerificationReport;
import io.fixedram.write.SaveWriter;
import io.fixedram.write.WriteOptions;
import io.fixedram.write.WrittenSave;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What fingerprints cost: the same guest is saved, loaded and verified with a file that is not
 * sealed, one that is, and one that is signed. The ratios of one run are what counts. The file is
 * in the directory {@code -Dfixedram.dir}, or that of temporary files; on a disk, saves are as fast
 * as it is. One page in four is zero.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 10)
@Fork(1)
public class SealBenchmark {
  private static final int PAGE_BYTES = 4096;
  private static final int RUN_BYTES = 1 << 20;
  private static final int THREADS = 2;

  /** Size of the guest's RAM. */
  @Param("1024")
  private int mebibytes = 1024;

  /** What the file has. */
  @Param private Kind kind = Kind.SEALED;

  private final Arena arena = Arena.ofShared();
  private final SigningKey key = SigningKey.of(new byte[32]);
  private final MemorySegment content = arena.allocate(64 << 20, PAGE_BYTES);
  private RamBlocks blocks = new RamBlocks(PAGE_BYTES, List.of());
  private Path file = Path.of("");
  private Optional<GuestMemory> memory = Optional.empty();

  /** Kinds of files. */
  public enum Kind {
    /** Without fingerprints. */
    PLAIN,
    /** With fast fingerprints. */
    SEALED,
    /** With SHA-256 and a signature. */
    SIGNED
  }

  private Optional<SigningKey> key() {
    return kind == Kind.SIGNED ? Optional.of(key) : Optional.empty();
  }

  private WriteOptions options() {
    WriteOptions usual = WriteOptions.defaults();
    return switch (kind) {
      case PLAIN -> usual.notSealed();
      case SEALED -> usual;
      case SIGNED -> usual.signed(key);
    };
  }

  /** Writes the file that is read. */
  @Setup
  public void write() throws IOException {
    blocks = new RamBlocks(PAGE_BYTES, List.of(new RamBlock(0, "pc.ram", (long) mebibytes << 20)));
    SplittableRandom random = new SplittableRandom(1);
    byte[] page = new byte[PAGE_BYTES];
    for (long at = 0; at < content.byteSize(); at += PAGE_BYTES) {
      if (at / PAGE_BYTES % 4 != 0) {
        random.nextBytes(page);
        MemorySegment.copy(MemorySegment.ofArray(page), 0, content, at, PAGE_BYTES);
      }
    }
    Path directory =
        Path.of(System.getProperty("fixedram.dir", System.getProperty("java.io.tmpdir")));
    file = Files.createTempFile(directory, "fixedram", ".fram");
    memory = Optional.of(GuestMemory.allocate(arena, blocks));
    var _ = save();
  }

  /** Removes it. */
  @TearDown
  public void remove() throws IOException {
    Files.deleteIfExists(file);
    arena.close();
  }

  /** A save, until it is on disk. */
  @Benchmark
  public WrittenSave save() {
    try (SaveWriter writer = SaveWriter.create(file, SaveFormat.MAPPED_RAM, options())) {
      SaveSink sink = writer.sink();
      sink.begin(new SaveHeader(Configuration.of("pc"), blocks, 2));
      RamBlock ram = blocks.list().getFirst();
      for (long at = 0; at < ram.usedLength(); at += RUN_BYTES) {
        sink.data(ram, at, content, at % content.byteSize(), RUN_BYTES);
      }
      // The EOF byte of the stream, and no device before it.
      sink.end(new DeviceState(MemorySegment.ofArray(new byte[1]), 0, Optional.empty()));
      return writer.publish();
    }
  }

  /** A load into memory, each page of which is checked if there is something to check it by. */
  @Benchmark
  public GuestMemory load() {
    GuestMemory into = memory.orElseThrow();
    try (PageStore save = Saves.open(file, key());
        MemoryLoad load = MemoryLoad.open(save, into)) {
      load.load(THREADS);
    }
    return into;
  }

  /** A verification of everything; a file without fingerprints is only opened. */
  @Benchmark
  public Optional<VerificationReport> verify() {
    return kind == Kind.PLAIN
        ? Optional.empty()
        : Optional.of(Verification.run(file, THREADS, key(), new Cancellation()));
  }
}
