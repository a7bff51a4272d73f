// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.error.FixedRamException;
import io.fixedram.file.Save;
import io.fixedram.qemu.command.GenerationId;
import io.fixedram.qemu.command.NotInstantException;
import io.fixedram.qemu.command.QemuCommandLine;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What is decided before QEMU starts: the words of its command, and whether RAM will be a mapping.
 *
 * @param target the QEMU, with its command as it is to be started
 * @param instant the mapping, if it goes that way
 * @param notInstant why it does not, where that was tried
 */
record RestoreStart(
    RestoreTarget target, Optional<InstantStart> instant, Optional<String> notInstant)
    implements AutoCloseable {

  /**
   * Decides.
   *
   * @throws FixedRamException if what was asked for does not go
   */
  static RestoreStart of(RestoreRequest request, Save save) {
    return switch (request.target()) {
      case RestoreTarget.Running running -> ofWaiting(request.via(), running);
      case RestoreTarget.Command command -> ofCommand(request.via(), command, save);
    };
  }

  private static RestoreStart ofWaiting(RestoreVia via, RestoreTarget.Running running) {
    String reason = "a save is mapped when QEMU starts, which takes -- QEMU-COMMAND, not --qmp";
    if (via == RestoreVia.INSTANT) {
      throw new FixedRamException("--via instant does not go: " + reason);
    }
    return new RestoreStart(
        running, Optional.empty(), Optional.of(reason).filter(_ -> via == RestoreVia.AUTO));
  }

  private static RestoreStart ofCommand(RestoreVia via, RestoreTarget.Command command, Save save) {
    QemuCommandLine line = QemuCommandLine.of(command.command());
    if (command.generationId().isPresent()) {
      line = withGenerationId(line, command.generationId().get(), save);
    }
    if (via == RestoreVia.AUTO || via == RestoreVia.INSTANT) {
      try {
        InstantStart instant = InstantStart.prepare(save, line);
        return new RestoreStart(
            command.with(instant.words()), Optional.of(instant), Optional.empty());
      } catch (NotInstantException e) {
        if (via == RestoreVia.INSTANT) {
          throw new FixedRamException("--via instant does not go: " + e.sentence(), e);
        }
        return new RestoreStart(
            command.with(line.words()), Optional.empty(), Optional.of(e.sentence()));
      }
    }
    return new RestoreStart(command.with(line.words()), Optional.empty(), Optional.empty());
  }

  private static QemuCommandLine withGenerationId(QemuCommandLine line, UUID id, Save save) {
    if (line.program().isEmpty()) {
      throw new FixedRamException(
          "the VM generation id can't be set: the command has no program with a name of QEMU's"
              + " (qemu-system-...); give the command -device vmgenid,guid="
              + id
              + " where it starts QEMU");
    }
    List<String> devices = DescribedDevices.names(save);
    if (!devices.isEmpty() && !devices.contains("vmgenid")) {
      throw new FixedRamException(
          "the VM generation id can't be set: the guest in "
              + save.path()
              + " has no vmgenid device; save one that was started with -device vmgenid");
    }
    return GenerationId.apply(line, id);
  }

  @Override
  public void close() {
    instant.ifPresent(InstantStart::close);
  }
}
