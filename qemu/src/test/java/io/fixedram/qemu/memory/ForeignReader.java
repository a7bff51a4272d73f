// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.OptionalInt;

/** A program of its own that reads the memory of a QEMU, for tests of who may. */
final class ForeignReader {
  static final String READ = "READ";

  private ForeignReader() {}

  /** Prints that it could, or the kind of obstacle and its sentence. */
  public static void main(String[] arguments) {
    try (QmpClient qmp = QmpClient.connect(new Endpoint.Unix(Path.of(arguments[0])));
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
        Arena arena = Arena.ofConfined()) {
      RamPages store = memory.pages();
      for (RamBlock block : store.blocks()) {
        StoredBlocks.content(arena, store, block);
      }
      print(READ);
    } catch (ObstacleException e) {
      print(e.obstacle().getClass().getSimpleName() + " " + e.sentence());
    }
  }

  @SuppressWarnings("SystemOut")
  private static void print(String line) {
    System.out.println(line);
  }
}
