// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Finds out why the kernel does not let this process look into another one. */
final class ProcessAccess {
  private static final Path SCOPE = Path.of("/proc/sys/kernel/yama/ptrace_scope");

  private ProcessAccess() {}

  /**
   * What is known of both processes.
   *
   * @param ourUsers real, effective, saved and file system user of this process
   * @param itsUsers those of the other
   * @param owner user that the kernel gives the other's files to: its effective one, or root if it
   *     is not dumpable (proc(5))
   * @param scope kernel.yama.ptrace_scope, 0 where there is no Yama
   */
  record Facts(List<String> ourUsers, List<String> itsUsers, int owner, int scope) {}

  /** The refusal of a process that may not be looked into. */
  static MemoryRefusedException refused(int id) {
    try {
      Path directory = Path.of("/proc", Integer.toString(id));
      List<String> ours = users(Path.of("/proc/self"));
      List<String> its = users(directory);
      int owner = (int) Files.getAttribute(directory.resolve("status"), "unix:uid");
      int scope = Files.exists(SCOPE) ? Integer.parseInt(Files.readString(SCOPE).strip()) : 0;
      return refused(id, new Facts(ours, its, owner, scope));
    } catch (IOException | NumberFormatException e) {
      return new MemoryRefusedException(
          MemoryRefusal.NOT_PERMITTED, may(id) + ", and neither why (" + e.getMessage() + ")");
    }
  }

  private static List<String> users(Path process) throws IOException {
    return ProcessFiles.field(Files.readString(process.resolve("status")), "Uid");
  }

  static MemoryRefusedException refused(int id, Facts facts) {
    String asRoot = "; run this program as root";
    if (!facts.itsUsers().equals(facts.ourUsers())) {
      return new MemoryRefusedException(
          MemoryRefusal.OTHER_USER,
          may(id)
              + ": it runs as user "
              + effective(facts.itsUsers())
              + ", and this program as user "
              + effective(facts.ourUsers())
              + asRoot
              + " or as that user");
    }
    if (facts.owner() != Integer.parseInt(effective(facts.itsUsers()))) {
      return new MemoryRefusedException(
          MemoryRefusal.NOT_DUMPABLE,
          may(id)
              + ": it has changed its user since it was started, or its program may not be read"
              + asRoot);
    }
    if (facts.scope() > 0) {
      return new MemoryRefusedException(
          MemoryRefusal.PTRACE_SCOPE,
          may(id) + ": kernel.yama.ptrace_scope is " + facts.scope() + wayAround(facts.scope()));
    }
    return new MemoryRefusedException(
        MemoryRefusal.NOT_PERMITTED,
        may(id)
            + ": a security module, a filter of system calls or a capability that it has and this"
            + " program lacks is in the way"
            + asRoot
            + " with CAP_SYS_PTRACE");
  }

  /** As Linux documents its levels (admin-guide/LSM/Yama). */
  private static String wayAround(int scope) {
    return switch (scope) {
      case 1 -> "; run this program as root or with CAP_SYS_PTRACE, or set it to 0";
      case 2 -> "; run this program as root or with CAP_SYS_PTRACE";
      default -> ", which nobody gets around until the host starts anew";
    };
  }

  private static String effective(List<String> users) {
    return users.size() < 2 ? "-1" : users.get(1);
  }

  private static String may(int id) {
    return "the memory of QEMU (process " + id + ") may not be looked at";
  }
}
