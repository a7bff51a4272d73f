// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.guest.DeviceState;
import io.fixedram.guest.PageReadBack;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.SaveHeader;
import io.fixedram.guest.SaveSink;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Takes a save into a naive guest, and checks that the source keeps to the rules. */
public final class GuestSink implements SaveSink {
  private Optional<Guest> guest = Optional.empty();
  private boolean ended;
  private boolean closed;

  /** Starts with nothing. */
  public GuestSink() {}

  /** The guest that came. */
  public Guest guest() {
    assertThat(ended).as("the save has ended").isTrue();
    return begun();
  }

  private Guest begun() {
    return guest.orElseThrow(() -> new AssertionError("nothing has begun"));
  }

  @Override
  public void begin(SaveHeader header) {
    assertThat(guest).as("begun before").isEmpty();
    guest = Optional.of(new Guest(header));
  }

  private void check(RamBlock block, long offset, long lengthBytes) {
    assertThat(ended || closed).as("pages after the end").isFalse();
    assertThat(begun().block(block.index())).isSameAs(block);
    assertThat(lengthBytes).isPositive();
    assertThat(offset).isNotNegative();
    assertThat(offset + lengthBytes).isLessThanOrEqualTo(block.usedLength());
    assertThat(offset % begun().pageSize()).isZero();
    assertThat(lengthBytes % begun().pageSize()).isZero();
  }

  @Override
  public void data(
      RamBlock block, long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    check(block, offset, lengthBytes);
    begun()
        .put(block, offset, from.asSlice(fromOffset, lengthBytes).toArray(ValueLayout.JAVA_BYTE));
  }

  @Override
  public void zero(RamBlock block, long offset, long lengthBytes) {
    check(block, offset, lengthBytes);
    begun().zero(block, offset, lengthBytes);
  }

  @Override
  public Optional<PageReadBack> readBack() {
    return Optional.of(this::copyPage);
  }

  private void copyPage(RamBlock block, long offset, MemorySegment into) {
    check(block, offset, into.byteSize());
    into.copyFrom(MemorySegment.ofArray(begun().page(block, offset / begun().pageSize())));
  }

  @Override
  public void drain() {
    assertThat(ended || closed).as("drained after the end").isFalse();
  }

  @Override
  public void end(DeviceState state) {
    assertThat(ended).as("ended before").isFalse();
    begun().with(Guest.Tail.of(state));
    ended = true;
  }

  @Override
  public void close() {
    closed = true;
  }
}
