// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.error.Remedy;
import io.fixedram.guest.PageSink;
import io.fixedram.guest.RamBlock;
import io.fixedram.os.Threads;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DiskWaitsTest {
  private static final Duration LIMIT = Duration.ofMillis(100);
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 1 << 20);

  private final DiskWaits waits = new DiskWaits(LIMIT);
  private final List<String> arrived = new ArrayList<>();
  private final BlockingQueue<String> gate = new LinkedBlockingQueue<>();

  private final PageSink sink =
      new PageSink() {
        @Override
        public void data(
            RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
          var _ = Threads.takeUninterruptibly(gate);
          arrived.add("data " + offset + " " + fromOffset + "+" + lengthBytes);
        }

        @Override
        public void zero(RamBlock block, long offset, long lengthBytes) {
          arrived.add("zero " + offset + "+" + lengthBytes);
        }
      };

  private void assertTooLong() {
    assertThatThrownBy(waits::check)
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e -> {
              assertThat(e.obstacle()).isEqualTo(new MemoryObstacle.SlowDisk(LIMIT));
              assertThat(e.remedies()).containsExactly(Remedy.USE_STREAM);
            })
        .hasMessageContaining("waited more than 0.100 s for the disk");
  }

  private void awaitTooLong() {
    while (true) {
      try {
        waits.check();
        Thread.onSpinWait();
      } catch (ObstacleException e) {
        assertTooLong();
        return;
      }
    }
  }

  @Test
  void passesOnWithoutAWait() {
    PageSink lane = new DiskWaits(Duration.ofMinutes(1)).lane(sink);
    gate.add("open");
    lane.data(RAM, 4096, MemorySegment.ofArray(new byte[10]), 2, 3);
    lane.zero(RAM, 8192, 4096);
    assertThat(arrived).containsExactly("data 4096 2+3", "zero 8192+4096");
    waits.check();
  }

  /** A wait counts before it ends, and afterwards; waits of other threads are not added. */
  @Test
  void countsAWaitThatDoesNotEnd() throws Exception {
    PageSink lane = waits.lane(sink);
    Thread reader =
        Thread.ofPlatform()
            .start(() -> lane.data(RAM, 0, MemorySegment.ofArray(new byte[1]), 0, 1));
    awaitTooLong();
    assertThat(reader.isAlive()).isTrue();
    gate.add("open");
    reader.join();
    assertTooLong();
  }

  @Test
  void addsShortWaits() throws Exception {
    DiskWaits several = new DiskWaits(Duration.ofMillis(60));
    PageSink lane =
        several.lane(
            new PageSink() {
              @Override
              public void data(
                  RamBlock block, long offset, MemorySegment from, long at, long length) {}

              @Override
              public void zero(RamBlock block, long offset, long lengthBytes) {
                long until = System.nanoTime() + 5_000_000;
                while (System.nanoTime() < until) {
                  Thread.onSpinWait();
                }
              }
            });
    for (int i = 0; i < 12; i++) {
      lane.zero(RAM, 0, 4096);
    }
    assertThatThrownBy(several::check).isInstanceOf(ObstacleException.class);
  }

  @Test
  void limitsByThePrediction() {
    assertThat(DiskWaits.limit(Duration.ofMillis(20))).isEqualTo(Duration.ofSeconds(10));
    assertThat(DiskWaits.limit(Duration.ofMillis(2500))).isEqualTo(Duration.ofSeconds(10));
    assertThat(DiskWaits.limit(Duration.ofSeconds(3))).isEqualTo(Duration.ofSeconds(12));
  }
}
