// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.bytes.LocalFile;
import io.fixedram.layout.SaveFormat;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import io.fixedram.testing.Guest;
import io.fixedram.testing.ParallelStore;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;

/** The same from a store that answers several reads at a time. */
class PageServerParallelTest extends PageServerTest {
  private static final int AT_A_TIME = 3;

  private LongConsumer beforeRead = position -> {};

  @Override
  PageStore open(LocalFile file) {
    return Saves.open(new ParallelStore(file, AT_A_TIME, position -> beforeRead.accept(position)));
  }

  @Override
  boolean readsInOrder() {
    return false;
  }

  @Test
  void slowReadKeepsNoOtherWaiting() throws Exception {
    Guest guest = guest(new Random(20));
    write(guest, SaveFormat.MAPPED_RAM).close();
    long slow = guest.nonZero(RAM).ceilingKey(300L);
    long other = guest.nonZero(RAM).ceilingKey(700L);
    long slowPosition = positionOf(slow);
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch othersGo = new CountDownLatch(1);
    beforeRead =
        position -> {
          if (position == slowPosition) {
            arrived.countDown();
            await(othersGo);
          }
        };
    serve(
        open(LocalFile.open(file())),
        socket -> {
          FakeDestination destination = new FakeDestination(socket, guest);
          destination.readHead();
          destination.request(RAM, slow, 1);
          destination.request(RAM, other, 1);
          destination.readUntil(RAM, other);
          await(arrived);
          assertThat(destination.has(RAM, slow)).isFalse();
          othersGo.countDown();
          takeRest(destination);
          destination.assertComplete();
          awaitEnd(socket);
        });
    assertThat(faults.count()).isBetween(1L, 2L);
    assertThat(lifeline.failures).isEmpty();
  }

  private static void takeRest(FakeDestination destination) throws java.io.IOException {
    destination.readPages();
    destination.shut(0);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
