// SPDX-License-Identifier: Apache-2.0
package io.fixedram.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class CountingSinkTest {
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 8 * 4096);

  private final TransferCounters counters = new TransferCounters();
  private final Cancellation cancellation = new Cancellation();
  private final GuestSink target = new GuestSink();
  private final CountingSink sink = new CountingSink(target, counters, cancellation);
  private final Guest guest = Guest.of(RAM);

  @Test
  void countsRepeatsToo() {
    byte[] content = new byte[8192];
    content[5000] = 1;
    assertThat(counters.totalRamBytes()).isZero();
    sink.begin(guest.header());
    assertThat(counters.totalRamBytes()).isEqualTo(8 * 4096);
    for (int i = 0; i < 3; i++) {
      sink.data(RAM, 4096, MemorySegment.ofArray(content), 0, 8192);
      sink.zero(RAM, 4 * 4096, 4096);
    }
    assertThat(counters.dataBytes()).isEqualTo(3 * 8192);
    assertThat(counters.zeroBytes()).isEqualTo(3 * 4096);
    MemorySegment page = MemorySegment.ofArray(new byte[4096]);
    sink.readBack().orElseThrow().read(RAM, 8192, page);
    assertThat(page.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 5000 - 4096)).isEqualTo((byte) 1);
    sink.drain();
    assertThat(counters.ended()).isFalse();
    sink.end(guest.tail().toState());
    assertThat(counters.ended()).isTrue();
    guest.put(RAM, 4096, content);
    Guest.assertSame(target.guest(), guest);
    sink.close();
  }

  @Test
  void endsWhenThatIsAskedFor() {
    MemorySegment page = MemorySegment.ofArray(new byte[4096]);
    sink.begin(guest.header());
    sink.data(RAM, 0, page, 0, 4096);
    cancellation.cancel();
    assertThatThrownBy(() -> sink.data(RAM, 0, page, 0, 4096))
        .isInstanceOf(CancelledException.class)
        .hasMessage("interrupted");
    assertThatThrownBy(() -> sink.zero(RAM, 0, 4096)).isInstanceOf(CancelledException.class);
    assertThatThrownBy(sink::drain).isInstanceOf(CancelledException.class);
    assertThatThrownBy(() -> sink.end(guest.tail().toState()))
        .isInstanceOf(CancelledException.class);
    assertThat(counters.dataBytes()).isEqualTo(4096);
    assertThat(counters.ended()).isFalse();
    CountingSink other = new CountingSink(new GuestSink(), new TransferCounters(), cancellation);
    assertThatThrownBy(() -> other.begin(guest.header())).isInstanceOf(CancelledException.class);
  }
}
