// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.Endpoint;
import java.util.List;

/** Reason why QEMU's process can't be identified, or the memory of the process not be accessed. */
public sealed interface ProcessObstacle extends MemoryObstacle {
  /** The connection does not reveal QEMU's process. */
  record NotLocal(Endpoint qmp) implements ProcessObstacle {
    @Override
    public String sentence() {
      return "QEMU's process can't be identified over " + qmp + "; use a unix socket for its QMP";
    }
  }

  /** QEMU is in a pid namespace that is not visible for this process. */
  record OtherPidNamespace(Endpoint qmp) implements ProcessObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind "
          + qmp
          + " is in another pid namespace, such as outside of this container; run this program in"
          + " its namespace or in the host's";
    }
  }

  /**
   * The process that listens on the QMP socket is not QEMU but, for example, a proxy.
   *
   * @param process id of the process
   * @param named whether the caller gave the process, instead of it being the one that listens
   * @param difference how the process differs from QEMU
   */
  record OtherProcess(long process, Endpoint qmp, boolean named, Difference difference)
      implements ProcessObstacle {
    @Override
    public String sentence() {
      if (named) {
        return "process "
            + process
            + " was given as the QEMU that answers at "
            + qmp
            + ", but is not: it "
            + difference.clause();
      }
      return "process "
          + process
          + ", which created the socket "
          + qmp
          + ", is not the QEMU that answers there: it "
          + difference.clause()
          + "; use a QMP socket on which QEMU itself listens";
    }

    @Override
    public List<Remedy> remedies() {
      return named ? List.of(Remedy.USE_STREAM) : List.of(Remedy.NAME_PROCESS, Remedy.USE_STREAM);
    }
  }

  /** How a process differs from the QEMU that answers at a QMP socket. */
  sealed interface Difference {
    /** The predicate of a sentence about the process. */
    String clause();

    /** The process has ended. */
    record Gone() implements Difference {
      @Override
      public String clause() {
        return "is gone";
      }
    }

    /**
     * The process does not have a thread of QEMU.
     *
     * @param thread id of a vCPU's thread, as QEMU reports it
     */
    record NoThread(int thread) implements Difference {
      @Override
      public String clause() {
        return "has no thread " + thread + ", in which QEMU runs a CPU";
      }
    }

    /** QEMU did not receive a file that was sent with a command. */
    record FileNotPassedOn(String answer) implements Difference {
      @Override
      public String clause() {
        return "does not pass open files on (" + answer + ")";
      }
    }

    /** The file that was passed to QEMU is not open in the process. */
    record FileNotOpen() implements Difference {
      @Override
      public String clause() {
        return "does not have the file open that was passed to QEMU";
      }
    }
  }

  /**
   * QEMU runs as another user.
   *
   * @param process id of QEMU's process
   * @param user id of its effective user
   * @param ours id of the effective user of this process
   */
  record OtherUser(long process, String user, String ours) implements ProcessObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": it runs as user "
          + user
          + ", and this program as user "
          + ours
          + "; run this program as root or as that user";
    }
  }

  /**
   * The kernel protects QEMU's memory from its own user, since QEMU has changed its user or its
   * program is not readable.
   */
  record NotDumpable(long process) implements ProcessObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": it has changed its user since it was started, or its program file is not readable; run"
          + " this program as root";
    }
  }

  /**
   * Yama restricts access to descendants of a process, or forbids it.
   *
   * @param scope kernel.yama.ptrace_scope (admin-guide/LSM/Yama)
   */
  record PtraceScope(long process, int scope) implements ProcessObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": kernel.yama.ptrace_scope is "
          + scope
          + switch (scope) {
            case 1 -> "; run this program as root or with CAP_SYS_PTRACE, or set it to 0";
            case 2 -> "; run this program as root or with CAP_SYS_PTRACE";
            default -> ", which permits no access and can't be changed until the host is rebooted";
          };
    }
  }

  /** The kernel refuses without a known reason. */
  record NotPermitted(long process) implements ProcessObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": a security module, a system call filter or a capability that it has and this program"
          + " lacks prevents it; run this program as root with CAP_SYS_PTRACE";
    }
  }

  /**
   * The kernel refuses, and the process can't be examined.
   *
   * @param failure failure of examining it
   */
  record NotVisible(long process, String failure) implements ProcessObstacle {
    @Override
    public String sentence() {
      return notAllowed(process) + ", and the reason is unknown (" + failure + ")";
    }
  }

  private static String notAllowed(long process) {
    return "access to the memory of QEMU (process " + process + ") is not permitted";
  }
}
