// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.save;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.disk.OverlayNames;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Parameters of a save.
 *
 * @param qmp address of QEMU's QMP socket
 * @param file the save to write; an existing file stays until the new one is complete
 * @param process id of QEMU's process; empty for the one that listens on the socket
 * @param mode the save mode
 * @param maxDowntime maximum downtime of a guest that is saved while it runs
 * @param format format of the file
 * @param stopFirst whether the guest is stopped before anything is read, instead of saved live
 * @param described whether the save is to contain the description of the device state
 * @param then state of the guest after the save
 * @param options options for writing the file
 * @param maxPasses passes over the RAM of a live guest after which it is stopped, so that the save
 *     ends even if the guest dirties its RAM faster than the disk writes; 0 for never
 * @param asideBytes maximum memory for copies of changed pages in a live save in place; the default
 *     if empty
 * @param snapshot names of overlays, if a snapshot of the disks is to be taken in the same stop
 */
record SaveRequest(
    Endpoint qmp,
    Path file,
    OptionalInt process,
    SaveMode mode,
    Optional<Duration> maxDowntime,
    SaveFormat format,
    boolean stopFirst,
    boolean described,
    AfterSave then,
    WriteOptions options,
    int maxPasses,
    OptionalLong asideBytes,
    Optional<OverlayNames> snapshot) {

  /** A copy with changes. */
  SaveRequest with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return new SaveRequest(
        qmp,
        file,
        draft.process,
        draft.mode,
        draft.maxDowntime,
        draft.format,
        draft.stopFirst,
        draft.described,
        draft.then,
        draft.options,
        draft.maxPasses,
        draft.asideBytes,
        draft.snapshot);
  }

  /** A mutable copy of the parameters that can be changed. */
  static final class Draft {
    OptionalInt process;
    SaveMode mode;
    Optional<Duration> maxDowntime;
    SaveFormat format;
    boolean stopFirst;
    boolean described;
    AfterSave then;
    WriteOptions options;
    int maxPasses;
    OptionalLong asideBytes;
    Optional<OverlayNames> snapshot;

    private Draft(SaveRequest from) {
      process = from.process;
      mode = from.mode;
      maxDowntime = from.maxDowntime;
      format = from.format;
      stopFirst = from.stopFirst;
      described = from.described;
      then = from.then;
      options = from.options;
      maxPasses = from.maxPasses;
      asideBytes = from.asideBytes;
      snapshot = from.snapshot;
    }
  }
}
