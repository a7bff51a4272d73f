// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.bytes.StoreState;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageBitmap;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QemuVersion;
import io.fixedram.store.PageMap;
import io.fixedram.store.PageStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Which saves are expected to be in place before long. */
class PlacingTimeTest {
  private static final int PAGE = 4096;
  private static final Duration LIMIT = Duration.ofMillis(150);

  /** What is written in that time by one who finds the memory soonest. */
  private static final long MOST =
      PlacingTime.BYTES_PER_SECOND * LIMIT.minus(PlacingTime.FINDING).toMillis() / 1000;

  private static final QemuVersion OLD = new QemuVersion(7, 2, 0);
  private static final QemuVersion NEW = new QemuVersion(8, 0, 0);

  /** A store of a large block, of which so many bytes are stored, in runs of half its pages. */
  private record Pages(long bytes, boolean randomAccess, Duration each, AtomicInteger reads)
      implements PageStore {
    @Override
    public String name() {
      return "pages";
    }

    @Override
    public SaveHeader header() {
      RamBlock block = new RamBlock(0, "pc.ram", 4L << 30);
      return new SaveHeader(Configuration.of("m"), new RamBlocks(PAGE, List.of(block)), 2);
    }

    @Override
    public PageMap pages(RamBlock block) {
      PageBitmap stored = new PageBitmap(block.usedLength() / PAGE);
      for (long page = 0, left = bytes / PAGE; left > 0; page += 2, left--) {
        stored.set(page, 1);
      }
      return new PageMap(block, stored);
    }

    @Override
    public boolean isRandomAccess() {
      return randomAccess;
    }

    @Override
    public boolean read(PageMap map, long first, long end, MemorySegment into, long offset) {
      assertThat((end - first) * PAGE).isLessThanOrEqualTo(into.byteSize() - offset);
      reads.incrementAndGet();
      Pause.of(each);
      return true;
    }

    @Override
    public DeviceState deviceState() {
      throw new AssertionError("not needed");
    }

    @Override
    public StoreState state() {
      return new StoreState.Changing();
    }

    @Override
    public void close() {}
  }

  private static Pages pages(long bytes) {
    return new Pages(bytes, true, Duration.ZERO, new AtomicInteger());
  }

  @Test
  void sizeDecides() {
    assertThat(PlacingTime.leftToFind(pages(0), LIMIT)).contains(LIMIT);
    assertThat(PlacingTime.leftToFind(pages(1 << 20), LIMIT).orElseThrow())
        .isBetween(LIMIT.minusMillis(20), LIMIT.minusMillis(1));
    Pages large = pages(MOST + PAGE);
    assertThat(PlacingTime.leftToFind(large, LIMIT)).isEmpty();
    assertThat(large.reads()).as("reads of one that is too large anyway").hasValue(0);
  }

  /** Half a megabyte in 20 ms is 26 MB/s. */
  @Test
  void slowReadsDecide() {
    Pages slow = new Pages(16 << 20, true, Duration.ofMillis(20), new AtomicInteger());
    assertThat(PlacingTime.leftToFind(slow, LIMIT)).isEmpty();
    assertThat(slow.reads().get()).isBetween(1, 8);
  }

  @Test
  void whatIsNotLookedAt() {
    Pages stream = new Pages(PAGE, false, Duration.ZERO, new AtomicInteger());
    assertThat(PlacingTime.leftToFind(stream, LIMIT)).isEmpty();
    assertThat(PlacingTime.leftToFind(pages(0), Duration.ZERO)).isEmpty();
    assertThat(PlacingTime.leftToFind(pages(0), PlacingTime.FINDING.minusMillis(1))).isEmpty();
  }

  /** The same save may be small for a new QEMU, and large for an old one. */
  @Test
  void versionDecides() {
    assertThat(PlacingTime.finding(NEW)).isEqualTo(PlacingTime.FINDING);
    assertThat(PlacingTime.finding(OLD)).isEqualTo(PlacingTime.SEARCHING);
    RestoreTarget target = new RestoreTarget.Waiting(new Endpoint.Unix(Path.of("/nowhere")));
    for (Duration left : List.of(PlacingTime.FINDING, PlacingTime.SEARCHING)) {
      RestoreStart start =
          new RestoreStart(
              target, target, Optional.empty(), Optional.empty(), false, Optional.of(left));
      assertThat(start.soonInPlace(NEW)).isTrue();
      assertThat(start.soonInPlace(OLD)).isEqualTo(left.equals(PlacingTime.SEARCHING));
    }
  }
}
