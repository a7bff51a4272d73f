// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.memory.ProcessAccess.Facts;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.ProcessObstacle;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessAccessTest {
  private static final List<String> USER = List.of("1000", "1000", "1000", "1000");
  private static final List<String> OTHER = List.of("0", "64055", "64055", "64055");

  private static void assertRefused(
      List<String> its,
      int owner,
      int scope,
      Class<? extends MemoryObstacle> kind,
      String sentence) {
    ObstacleException e = ProcessAccess.refused(77, new Facts(USER, its, owner, scope));
    assertThat(e.obstacle()).isInstanceOf(kind);
    assertThat(e.sentence())
        .isEqualTo("access to the memory of QEMU (process 77) is not permitted: " + sentence);
  }

  @Test
  void reasonsOneAfterTheOther() {
    assertRefused(
        OTHER,
        64055,
        1,
        ProcessObstacle.OtherUser.class,
        "it runs as user 64055, and this program as user 1000; run this program as root or as that"
            + " user");
    assertRefused(
        USER,
        0,
        1,
        ProcessObstacle.NotDumpable.class,
        "it has changed its user since it was started, or its program file is not readable; run this"
            + " program as root");
    assertRefused(
        USER,
        1000,
        1,
        ProcessObstacle.PtraceScope.class,
        "kernel.yama.ptrace_scope is 1; run this program as root or with CAP_SYS_PTRACE, or set it"
            + " to 0");
    assertRefused(
        USER,
        1000,
        3,
        ProcessObstacle.PtraceScope.class,
        "kernel.yama.ptrace_scope is 3, which permits no access and can't be changed until the host is"
            + " rebooted");
    assertRefused(
        USER,
        1000,
        0,
        ProcessObstacle.NotPermitted.class,
        "a security module, a system call filter or a capability that it has and this program"
            + " lacks prevents it; run this program as root with CAP_SYS_PTRACE");
  }
}
