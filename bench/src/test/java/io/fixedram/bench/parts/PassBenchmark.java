// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.parts;

import io.fixedram.cancel.Cancellation;
import io.fixedram.engine.GuestControl;
import io.fixedram.engine.LiveMemory;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import io.fixedram.memory.GuestMemory;
import io.fixedram.migration.MigrationParameters;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
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
 * One pass of the engine over 4 GiB of guest memory, into a sink that does nothing: what saving
 * costs before a disk comes in. The rival copies the same memory, which is what it costs to read
 * all of it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2)
@Measurement(iterations = 5)
@Fork(1)
public class PassBenchmark {
  private static final int PAGE_BYTES = 4096;
  private static final int PIECE_BYTES = 256 << 10;
  private static final RamBlock BLOCK = new RamBlock(0, "pc.ram", 4L << 30);
  private static final RamBlocks BLOCKS = new RamBlocks(PAGE_BYTES, List.of(BLOCK));

  private final Arena arena = Arena.ofShared();
  private final GuestMemory memory = GuestMemory.allocate(arena, BLOCKS);
  private final MemorySegment piece = arena.allocate(PIECE_BYTES, PAGE_BYTES);

  /** What the guest's pages hold. */
  public enum Content {
    /** Every page is random, so that its first word shows that it is not zero. */
    DATA,
    /** Every page is zero but for a word in its middle, where it is found late. */
    HIDDEN,
    /** Every page was written, with zeros. */
    ZERO
  }

  /** The guest of this run. */
  @Param({"DATA", "HIDDEN", "ZERO"})
  public Content content = Content.DATA;

  /** Gives every page its content, so that the host has memory behind it. */
  @Setup
  public void fill() {
    SplittableRandom random = new SplittableRandom(1);
    MemorySegment ram = memory.segment(BLOCK);
    for (long at = 0; at < ram.byteSize(); at += Long.BYTES) {
      boolean filled =
          switch (content) {
            case DATA -> true;
            case HIDDEN -> at % PAGE_BYTES == PAGE_BYTES / 2;
            case ZERO -> false;
          };
      ram.set(ValueLayout.JAVA_LONG, at, filled ? random.nextLong() | 1 : 0);
    }
  }

  /** Frees the memory. */
  @TearDown
  public void free() {
    arena.close();
  }

  /** The engine: tells zero pages from others, and hands runs on where they lie. */
  @Benchmark
  public long pass() {
    NullSink sink = new NullSink();
    new LiveMemory(
            memory,
            new StillGuest(),
            Configuration.of("benchmark-1"),
            MigrationParameters.defaults().withMaxBandwidth(0),
            new Cancellation())
        .sendTo(sink);
    return sink.bytes;
  }

  /** The rival. */
  @Benchmark
  public byte plainCopy() {
    MemorySegment ram = memory.segment(BLOCK);
    for (long at = 0; at < ram.byteSize(); at += PIECE_BYTES) {
      MemorySegment.copy(ram, at, piece, 0, PIECE_BYTES);
    }
    return piece.get(ValueLayout.JAVA_BYTE, 0);
  }

  /** A guest that writes nothing. */
  private static final class StillGuest implements GuestControl {
    @Override
    public void stop() {}

    @Override
    public DeviceState deviceState() {
      return new OpaqueDevice("none", 1, MemorySegment.ofArray(new byte[0])).toDeviceState();
    }

    @Override
    public void resume() {}
  }

  /** Counts what comes. */
  private static final class NullSink implements SaveSink {
    private long bytes;

    @Override
    public void begin(SaveHeader header) {}

    @Override
    public void data(
        RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
      bytes += lengthBytes;
    }

    @Override
    public void zero(RamBlock block, long offset, long lengthBytes) {
      bytes += lengthBytes;
    }

    @Override
    public void drain() {}

    @Override
    public void end(DeviceState state) {}

    @Override
    public void close() {}
  }
}
