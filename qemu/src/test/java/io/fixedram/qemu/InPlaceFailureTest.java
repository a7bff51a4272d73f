// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.StoreState;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.obstacle.LoadObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.transfer.TransferView;
import io.fixedram.store.Saves;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Restores that fail while pages are written to QEMU's memory: no other guest must be loaded there.
 */
class InPlaceFailureTest extends QemuTest {
  /** Bytes that are in QEMU's memory by the time something happens, of 20 MiB. */
  private static final int WRITTEN_BYTES = 2 << 20;

  private final Cancellation cancellation = new Cancellation();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicBoolean happened = new AtomicBoolean();

  /** A save during whose read something happens, once. */
  private final class Eventful implements ByteStore {
    private final ByteStore bytes = new RemoteBytes(file(), open);
    private final Runnable event;

    Eventful(Runnable event) {
      this.event = event;
    }

    @Override
    public long read(long position, MemorySegment into, long offset, long length) {
      if (writtenBytes() >= WRITTEN_BYTES && happened.compareAndSet(false, true)) {
        event.run();
      }
      return bytes.read(position, into, offset, length);
    }

    private long writtenBytes() {
      return recorder.view().map(TransferView::dataBytes).orElse(0L);
    }

    @Override
    public String name() {
      return bytes.name();
    }

    @Override
    public long sizeBytes() {
      return bytes.sizeBytes();
    }

    @Override
    public StoreState state() {
      return bytes.state();
    }

    @Override
    public int parallelReads() {
      return bytes.parallelReads();
    }

    @Override
    public void close() {
      bytes.close();
    }
  }

  private AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      TestedQemu version, RunningQemu target, Runnable event) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    GuestRestore request =
        GuestRestore.of(() -> Saves.open(new Eventful(event)), target.qmp())
            .mode(RestoreMode.MEMORY)
            .listener(recorder)
            .cancellation(cancellation);
    var failure = assertThatThrownBy(request::run);
    assertThat(happened).isTrue();
    assertThat(open).hasValue(0);
    return failure;
  }

  private void assertToldToEnd(RunningQemu target) throws InterruptedException {
    assertThat(target.process().waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(target.process().exitValue()).isZero();
    assertThat(recorder.warnings())
        .anyMatch(text -> text.contains("told to end, since a part of the guest is in its memory"));
    assertNoGuardLeft();
  }

  private static void assertNoGuardLeft() {
    RunningQemu.await(
        "the guard's end",
        () ->
            ProcessHandle.current()
                .children()
                .noneMatch(each -> each.info().command().orElse("").contains("perl")));
  }

  @ParameterizedTest
  @EnumSource
  void cancelled(TestedQemu version) throws Exception {
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      assertFails(version, target, cancellation::cancel).isInstanceOf(CancelledException.class);
      assertToldToEnd(target);
    }
  }

  @ParameterizedTest
  @EnumSource
  void qemuIsKilled(TestedQemu version) throws Exception {
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      assertFails(version, target, target::kill)
          .isInstanceOf(QemuGoneException.class)
          .hasMessageContaining("ended while it loaded " + RemoteBytes.NAME);
      assertThat(recorder.warnings()).isEmpty();
      assertNoGuardLeft();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anotherHasQemuLoad(TestedQemu version) throws Exception {
    Path socket = directory.resolve("socket");
    try (RunningQemu target = waiting(version, GuestSpec.small());
        SocketChannel source = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      assertFails(version, target, () -> load(target, socket, source))
          .isInstanceOfSatisfying(
              ObstacleException.class,
              e -> assertThat(e.obstacle()).isInstanceOf(LoadObstacle.ChangedMeanwhile.class));
      assertToldToEnd(target);
    }
  }

  private static void load(RunningQemu target, Path socket, SocketChannel source) {
    target.observer().execute("migrate-incoming", Map.of("uri", "unix:" + socket));
    try {
      assertThat(source.connect(UnixDomainSocketAddress.of(socket))).isTrue();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    // QEMU 7.2 does not say that it listens, but that it loads.
    RunningQemu.await(
        "the load",
        () -> target.observer().execute("query-migrate").findText("status").isPresent());
  }

  /** The guard must not end a QEMU that has its guest. */
  @ParameterizedTest
  @EnumSource
  void successEndsTheGuard(TestedQemu version) throws Exception {
    haveSaved(version, GuestSpec.small(), SaveFormat.MAPPED_RAM);
    try (RunningQemu target = waiting(version, GuestSpec.small())) {
      restore(target, RestoreMode.MEMORY, true);
      assertNoGuardLeft();
      assertThat(recorder.warnings()).isEmpty();
      assertThat(target.status()).isEqualTo("paused");
    }
  }
}
