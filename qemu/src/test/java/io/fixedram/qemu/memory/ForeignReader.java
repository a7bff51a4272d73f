// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.guest.RamBlock;
import io.fixedram.qemu.obstacle.Obstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.store.RamPages;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.OptionalInt;

/** A program of its own that reads the memory of a QEMU, or saves it, for tests of who may. */
final class ForeignReader {
  static final String READ = "READ";

  private ForeignReader() {}

  /**
   * Prints that it could, or the kind of obstacle and its sentence. With the name of a file, saves
   * the guest in it by mode auto, and prints the mode before the obstacle to memory.
   */
  public static void main(String[] arguments) {
    Endpoint.Unix qmp = new Endpoint.Unix(Path.of(arguments[0]));
    if (arguments.length > 1) {
      SaveReport report = GuestSave.of(qmp, Path.of(arguments[1])).stopFirst().run();
      print(report.mode().text() + report.notMemory().map(each -> " " + text(each)).orElse(""));
    } else {
      read(qmp);
    }
  }

  private static void read(Endpoint endpoint) {
    try (QmpClient qmp = QmpClient.connect(endpoint);
        QemuMemory memory = QemuMemory.open(qmp, OptionalInt.empty());
        Arena arena = Arena.ofConfined()) {
      RamPages store = memory.pages();
      for (RamBlock block : store.blocks()) {
        StoredBlocks.content(arena, store, block);
      }
      print(READ);
    } catch (ObstacleException e) {
      print(text(e.obstacle()));
    }
  }

  private static String text(Obstacle obstacle) {
    return obstacle.getClass().getSimpleName() + " " + obstacle.sentence();
  }

  @SuppressWarnings("SystemOut")
  private static void print(String line) {
    System.out.println(line);
  }
}
