// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.engine.GuestControl;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.DeviceState;
import io.fixedram.stream.OpaqueDevice;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A guest whose own calls fail is never said to run while it stands still, and can be started. */
class SwitchedGuestTest {
  private final List<String> events = new ArrayList<>();
  private final Fragile fragile = new Fragile();
  private final SwitchedGuest guest = new SwitchedGuest(fragile, event -> events.add(event.name()));

  /** Stops and starts, and then fails as often as it is told to. */
  private static final class Fragile implements GuestControl {
    private boolean runs = true;
    private int failures;
    private boolean failsBefore;

    private void fail() {
      if (failures > 0) {
        failures--;
        throw new IllegalStateException("a guest's own fault");
      }
    }

    @Override
    public void stop() {
      if (failsBefore) {
        fail();
      }
      runs = false;
      fail();
    }

    @Override
    public DeviceState deviceState() {
      return new OpaqueDevice("fragile", 1, MemorySegment.NULL).toDeviceState();
    }

    @Override
    public void resume() {
      fail();
      runs = true;
    }
  }

  @Test
  void stopThatFailsInAMigrationIsTakenBack() {
    fragile.failures = 1;
    assertThatThrownBy(guest::stop).hasMessage("a guest's own fault");
    guest.resume();
    assertThat(fragile.runs).isTrue();
    assertThat(guest.state()).isEqualTo(RunState.RUNNING);
  }

  @Test
  void guestThatDoesNotStartAfterAMigrationIsPausedAndCanBeStarted() {
    guest.stop();
    fragile.failures = 1;
    assertThatThrownBy(guest::resume).hasMessage("a guest's own fault");
    assertThat(guest.state()).isEqualTo(RunState.PAUSED);
    guest.proceed();
    assertThat(fragile.runs).isTrue();
    assertThat(guest.state()).isEqualTo(RunState.RUNNING);
    assertThat(events).containsExactly("STOP", "RESUME");
  }

  @Test
  void commandsThatFailCanBeGivenAgain() {
    fragile.failures = 1;
    assertThatThrownBy(guest::pause).hasMessage("a guest's own fault");
    assertThat(guest.state()).isEqualTo(RunState.PAUSED);
    fragile.failures = 1;
    assertThatThrownBy(guest::proceed).hasMessage("a guest's own fault");
    assertThat(guest.state()).isEqualTo(RunState.PAUSED);
    guest.proceed();
    assertThat(fragile.runs).isTrue();
    assertThat(guest.state()).isEqualTo(RunState.RUNNING);
  }

  /** A stop that failed may have stopped nothing: it is called again before the guest is saved. */
  @Test
  void guestThatWasNotStoppedIsStoppedAgain() {
    fragile.failures = 1;
    fragile.failsBefore = true;
    assertThatThrownBy(guest::pause).hasMessage("a guest's own fault");
    assertThat(fragile.runs).isTrue();
    guest.pause();
    assertThat(fragile.runs).isFalse();
    guest.proceed();
    fragile.failures = 1;
    assertThatThrownBy(guest::pause).hasMessage("a guest's own fault");
    guest.stop();
    assertThat(fragile.runs).isFalse();
    guest.resume();
    assertThat(guest.state()).isEqualTo(RunState.PAUSED);
  }

  @Test
  void closedGuestTakesNoCommandsAndItsMigrationStillEnds() {
    guest.stop();
    guest.close();
    guest.resume();
    assertThat(fragile.runs).isTrue();
    assertThatThrownBy(guest::pause).isInstanceOf(FixedRamException.class);
    assertThatThrownBy(guest::proceed).isInstanceOf(FixedRamException.class);
    assertThat(fragile.runs).isTrue();
  }
}
