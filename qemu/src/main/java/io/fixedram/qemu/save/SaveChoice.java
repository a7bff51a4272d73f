// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
import io.fixedram.qemu.obstacle.DeviceStateObstacle;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.LateAnswerException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.RamPages;
import java.time.Duration;
import java.util.Optional;

/**
 * The save mode, and the reason for it.
 *
 * @param mode never AUTO
 * @param why a part of a sentence, with remedies that make the better mode possible
 * @param notMemory why AUTO did not choose memory; empty if it did, or was not requested
 * @param maxDowntime the longest predicted downtime of a live save in mode memory
 * @param memory QEMU's memory, if it was opened for the choice; closed with this object
 */
record SaveChoice(
    SaveMode mode,
    Reason why,
    Optional<MemoryObstacle> notMemory,
    Optional<Duration> maxDowntime,
    Optional<QemuMemory> memory)
    implements AutoCloseable {
  private static final Reason ASKED_FOR = Reason.of("asked for");

  /**
   * The longest predicted downtime with which AUTO reads a guest in place that runs on after the
   * save, if the caller sets no maximum. A migration stops a guest that dirties little for 0.3 s by
   * QEMU's default, and a busy one for longer.
   */
  private static final Duration DEFAULT_MAX_DOWNTIME = Duration.ofSeconds(1);

  /**
   * Chooses the mode, without changing the guest.
   *
   * @param before the guest's status before the save
   * @throws FixedRamException if the requested mode can't have what else is requested, or no mode
   *     can save the guest
   */
  static SaveChoice of(SaveRequest request, GuestStatus before, QmpClient qmp) {
    if (request.mode() == SaveMode.MEMORY && request.described()) {
      throw new ObstacleException(new MemoryObstacle.NoDescription());
    }
    if (request.mode() != SaveMode.AUTO) {
      return new SaveChoice(
          request.mode(), ASKED_FOR, Optional.empty(), request.maxDowntime(), Optional.empty());
    }
    if (request.described()) {
      return streamInsteadOf(new MemoryObstacle.NoDescription());
    }
    try {
      return memoryIfShort(request, before, qmp);
    } catch (CancelledException | LateAnswerException | QemuGoneException e) {
      throw e;
    } catch (FixedRamException e) {
      MemoryObstacle obstacle = MemoryObstacle.of(e);
      if (obstacle instanceof DeviceStateObstacle.LiveCapability
          && !obstacle.remedies().contains(Remedy.USE_STREAM)) {
        throw e;
      }
      return streamInsteadOf(obstacle);
    }
  }

  /** The mode memory, unless the guest would be stopped for too long. */
  private static SaveChoice memoryIfShort(SaveRequest request, GuestStatus before, QmpClient qmp) {
    GuestDevices.requireSaveable(qmp);
    QemuMemory memory = QemuMemory.open(qmp, request.process());
    try {
      Optional<Duration> limit =
          before.running() && !request.stopFirst() ? maxDowntime(request) : Optional.empty();
      Optional<MemoryObstacle> tooLong = limit.flatMap(max -> tooLong(memory, max));
      if (tooLong.isPresent()) {
        memory.close();
        return streamInsteadOf(tooLong.get());
      }
      return new SaveChoice(
          SaveMode.MEMORY,
          Reason.of("QEMU's memory can be read in place"),
          Optional.empty(),
          limit,
          Optional.of(memory));
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  /** The mode stream, because memory is not possible. */
  static SaveChoice streamInsteadOf(MemoryObstacle notMemory) {
    return new SaveChoice(
        SaveMode.STREAM,
        new Reason(
            "QEMU sends its memory (not memory: " + notMemory.sentence() + ")",
            notMemory.remedies().stream().filter(each -> each != Remedy.USE_STREAM).toList()),
        Optional.of(notMemory),
        Optional.empty(),
        Optional.empty());
  }

  /** The longest predicted downtime with which AUTO reads a running guest in place. */
  static Optional<Duration> maxDowntime(SaveRequest request) {
    return request
        .maxDowntime()
        .or(() ->
            request.then() == AfterSave.RESUME
                ? Optional.of(DEFAULT_MAX_DOWNTIME)
                : Optional.empty());
  }

  private static Optional<MemoryObstacle> tooLong(QemuMemory memory, Duration limit) {
    RamPages pages = memory.pages();
    Duration predicted =
        DowntimePrediction.of(DowntimePrediction.contentBytes(pages), pages.parallelReads());
    return predicted.compareTo(limit) > 0
        ? Optional.of(new MemoryObstacle.LongDowntime(predicted, limit))
        : Optional.empty();
  }

  @Override
  public void close() {
    memory.ifPresent(QemuMemory::close);
  }
}
