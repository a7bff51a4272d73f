// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.ProcessObstacle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Determines why the kernel denies this process access to another one. */
final class ProcessAccess {
  private static final Path SCOPE = Path.of("/proc/sys/kernel/yama/ptrace_scope");

  private ProcessAccess() {}

  /**
   * Facts about both processes.
   *
   * @param ourUsers real, effective, saved and file system user of this process
   * @param itsUsers the same of the other process
   * @param owner owner of the other process's files in /proc: its effective user, or root if it is
   *     not dumpable (proc(5))
   * @param scope kernel.yama.ptrace_scope, 0 without Yama
   */
  record Facts(List<String> ourUsers, List<String> itsUsers, int owner, int scope) {}

  /** The exception for a process that may not be accessed. */
  static ObstacleException refused(int id) {
    try {
      Path directory = Path.of("/proc", Integer.toString(id));
      List<String> ours = users(Path.of("/proc/self"));
      List<String> its = users(directory);
      int owner = (int) Files.getAttribute(directory.resolve("status"), "unix:uid");
      int scope = Files.exists(SCOPE) ? Integer.parseInt(Files.readString(SCOPE).strip()) : 0;
      return refused(id, new Facts(ours, its, owner, scope));
    } catch (IOException | NumberFormatException e) {
      return new ObstacleException(
          new ProcessObstacle.NotVisible(id, String.valueOf(e.getMessage())));
    }
  }

  private static List<String> users(Path process) throws IOException {
    return ProcessFiles.field(ProcessFiles.status(process), "Uid");
  }

  static ObstacleException refused(int id, Facts facts) {
    return new ObstacleException(obstacle(id, facts));
  }

  private static MemoryObstacle obstacle(int id, Facts facts) {
    String user = effective(facts.itsUsers());
    if (!facts.itsUsers().equals(facts.ourUsers())) {
      return new ProcessObstacle.OtherUser(id, user, effective(facts.ourUsers()));
    }
    if (facts.owner() != Integer.parseInt(user)) {
      return new ProcessObstacle.NotDumpable(id);
    }
    return facts.scope() > 0
        ? new ProcessObstacle.PtraceScope(id, facts.scope())
        : new ProcessObstacle.NotPermitted(id);
  }

  private static String effective(List<String> users) {
    return users.size() < 2 ? "-1" : users.get(1);
  }
}
