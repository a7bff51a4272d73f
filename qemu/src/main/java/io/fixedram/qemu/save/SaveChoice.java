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
import io.fixedram.qemu.qmp.LateAnswerException;
import io.fixedram.qemu.qmp.QemuGoneException;
import io.fixedram.qemu.qmp.QmpClient;
import java.util.List;
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
   * Chooses the mode, without changing the guest.
   *
   * @param before the guest's status before the save
   */
  static SaveChoice of(SaveRequest request, GuestStatus before, QmpClient qmp) {
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

  private static SaveChoice streamInsteadOf(MemoryObstacle notMemory) {
    return new SaveChoice(
        SaveMode.STREAM,
        new Reason(
            "QEMU sends its memory (not memory: " + notMemory.sentence() + ")",
            notMemory.remedies().stream().filter(each -> each != Remedy.SAVE_BY_STREAM).toList()),
        Optional.of(notMemory));
  }

  private static Optional<MemoryObstacle> obstacle(
      SaveRequest request, GuestStatus before, QmpClient qmp) {
    if (before.running() && !request.stopFirst()) {
      return Optional.of(
          new MemoryObstacle.OtherReason(
              "the guest runs, and a running one is read so only on request", List.of()));
    }
    try {
      GuestDevices.requireSaveable(qmp);
      QemuMemory.open(qmp, request.process()).close();
      return Optional.empty();
    } catch (CancelledException | LateAnswerException | QemuGoneException e) {
      throw e;
    } catch (FixedRamException e) {
      return Optional.of(MemoryObstacle.of(e));
    }
  }
}
