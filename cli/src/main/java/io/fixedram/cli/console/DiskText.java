// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.console;

import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.manifest.DiskState;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** Words and JSON about the disks of a guest. */
public final class DiskText {
  private DiskText() {}

  /** The state of a disk as a word. */
  public static String state(DiskState disk) {
    return switch (disk) {
      case DiskState.Same _ -> "same";
      case DiskState.Changed _ -> "changed";
      case DiskState.Unproven _ -> "unprovable";
    };
  }

  /** Why a disk is not the same, as a clause. */
  public static Optional<String> why(DiskState disk) {
    return switch (disk) {
      case DiskState.Same _ -> Optional.empty();
      case DiskState.Changed changed -> Optional.of(changed.what());
      case DiskState.Unproven unproven -> Optional.of(unproven.why().clause());
    };
  }

  /** Writes the property "disks". */
  public static void states(JsonGenerator json, List<DiskState> disks) {
    json.writeArrayPropertyStart("disks");
    for (DiskState disk : disks) {
      json.writeStartObject();
      json.writeStringProperty("drive", disk.disk().drive());
      json.writeStringProperty("file", disk.disk().file());
      json.writeStringProperty("state", state(disk));
      why(disk).ifPresent(clause -> json.writeStringProperty("why", clause));
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /** Writes the property "overlays". */
  public static void overlays(JsonGenerator json, List<DiskOverlay> overlays) {
    json.writeArrayPropertyStart("overlays");
    for (DiskOverlay overlay : overlays) {
      json.writeStartObject();
      json.writeStringProperty("drive", overlay.drive());
      json.writeStringProperty("image", overlay.image());
      json.writeStringProperty("overlay", overlay.overlay());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
