// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.Reason;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.memory.GuestDevices;
import io.fixedram.qemu.memory.QemuMemory;
import io.fixedram.qemu.migration.GuestStatus;
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
 */
record SaveChoice(SaveMode mode, Reason why, Optional<MemoryObstacle> notMemory) {
  private static final Reason ASKED_FOR = Reason.of("asked for");

  /**
   * The longest predicted downtime with which AUTO reads a guest in place that runs on after the
   * save, if the caller sets no maximum. A migration stops a guest that dirties little for 0.3 s by
   * QEMU's default, and a busy one for longer.
   */
  private static final Duration USUAL_MAX_DOWNTIME = Duration.ofSeconds(1);

  /**
   * Chooses the mode, without changing the guest.
   *
   * @param before the guest's status before the save
   * @throws FixedRamException if the requested mode can't have what else is requested
   */
  static SaveChoice of(SaveRequest request, GuestStatus before, QmpClient qmp) {
    if (request.mode() == SaveMode.MEMORY && request.described()) {
      throw new ObstacleException(new MemoryObstacle.NoDescription());
    }
    if (request.mode() != SaveMode.AUTO) {
      return new SaveChoice(request.mode(), ASKED_FOR, Optional.empty());
    }
    return obstacle(request, before, qmp)
        .map(SaveChoice::streamInsteadOf)
        .orElseGet(() ->
            new SaveChoice(
                SaveMode.MEMORY,
                Reason.of("QEMU's memory can be read in place"),
                Optional.empty()));
  }

  /** The mode stream, because memory is not possible. */
  static SaveChoice streamInsteadOf(MemoryObstacle notMemory) {
    return new SaveChoice(
        SaveMode.STREAM,
        new Reason(
            "QEMU sends its memory (not memory: " + notMemory.sentence() + ")",
            notMemory.remedies().stream().filter(each -> each != Remedy.USE_STREAM).toList()),
        Optional.of(notMemory));
  }

  private static Optional<MemoryObstacle> obstacle(
      SaveRequest request, GuestStatus before, QmpClient qmp) {
    if (request.described()) {
      return Optional.of(new MemoryObstacle.NoDescription());
    }
    try {
      GuestDevices.requireSaveable(qmp);
      try (QemuMemory memory = QemuMemory.open(qmp, request.process())) {
        return before.running() && !request.stopFirst()
            ? limit(request).flatMap(limit -> tooLong(memory, limit))
            : Optional.empty();
      }
    } catch (CancelledException | LateAnswerException | QemuGoneException e) {
      throw e;
    } catch (FixedRamException e) {
      return Optional.of(MemoryObstacle.of(e));
    }
  }

  /** The longest downtime with which a running guest is read in place. */
  private static Optional<Duration> limit(SaveRequest request) {
    return request
        .maxDowntime()
        .or(() ->
            request.then() == AfterSave.RESUME
                ? Optional.of(USUAL_MAX_DOWNTIME)
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
}
