// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.Endpoint;
import java.util.List;

/**
 * Reason why the memory of a QEMU can't be read or written in place (save and restore mode memory).
 * The remedies differ for saves and restores, and are those of the {@link ObstacleException}.
 */
public sealed interface MemoryObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** The obstacle that a failure tells of. */
  static MemoryObstacle of(FixedRamException failure) {
    return failure instanceof ObstacleException told && told.obstacle() instanceof MemoryObstacle of
        ? of
        : new OtherReason(failure.sentence(), failure.remedies());
  }

  /** Something about this guest or save, which other modes may not mind. */
  record OtherReason(String sentence, List<Remedy> remedies) implements MemoryObstacle {
    /** Keeps a copy of the list. */
    public OtherReason {
      remedies = List.copyOf(remedies);
    }
  }

  /** The save to restore is a stream, or can't be read at any place. */
  record SequentialSave(String save) implements MemoryObstacle {
    @Override
    public String sentence() {
      return save + " is a stream, whose pages have no fixed places";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.CONVERT_TO_MAPPED_RAM);
    }
  }

  /** The connection does not reveal QEMU's process. */
  record NotLocal(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "which process QEMU is can't be told over " + qmp + "; give its QMP as a unix socket";
    }
  }

  /** QEMU is in a pid namespace that is not visible for this process. */
  record OtherPidNamespace(Endpoint qmp) implements MemoryObstacle {
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
   * @param named whether somebody said that it is QEMU, instead of its listening there
   * @param why the predicate of a sentence about the process
   */
  record OtherProcess(long process, Endpoint qmp, boolean named, String why)
      implements MemoryObstacle {
    @Override
    public String sentence() {
      if (named) {
        return "process "
            + process
            + " was said to be the QEMU that answers at "
            + qmp
            + ", and is not: it "
            + why;
      }
      return "process "
          + process
          + ", which made the socket "
          + qmp
          + ", is not the QEMU that answers there: it "
          + why
          + "; give a QMP socket that QEMU itself listens at";
    }

    @Override
    public List<Remedy> remedies() {
      return named ? List.of() : List.of(Remedy.NAME_PROCESS);
    }
  }

  /**
   * QEMU runs as another user.
   *
   * @param process id of QEMU's process
   * @param user id of its effective user
   * @param ours id of the effective user of this process
   */
  record OtherUser(long process, String user, String ours) implements MemoryObstacle {
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
  record NotDumpable(long process) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": it has changed its user since it was started, or its program may not be read; run"
          + " this program as root";
    }
  }

  /**
   * Yama restricts access to descendants of a process, or forbids it.
   *
   * @param scope kernel.yama.ptrace_scope (admin-guide/LSM/Yama)
   */
  record PtraceScope(long process, int scope) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": kernel.yama.ptrace_scope is "
          + scope
          + switch (scope) {
            case 1 -> "; run this program as root or with CAP_SYS_PTRACE, or set it to 0";
            case 2 -> "; run this program as root or with CAP_SYS_PTRACE";
            default -> ", which nobody gets around until the host starts anew";
          };
    }
  }

  /** The kernel refuses without a known reason. */
  record NotPermitted(long process) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process)
          + ": a security module, a filter of system calls or a capability that it has and this"
          + " program lacks is in the way; run this program as root with CAP_SYS_PTRACE";
    }
  }

  /**
   * The kernel refuses, and the process can't be examined.
   *
   * @param failure failure of examining it
   */
  record NotVisible(long process, String failure) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process) + ", and neither why (" + failure + ")";
    }
  }

  private static String notAllowed(long process) {
    return "the memory of QEMU (process " + process + ") may not be looked at";
  }

  /** QEMU has no vCPU, and therefore no guest memory. */
  record NoCpu(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind " + qmp + " has no CPU";
    }
  }

  /** QEMU's list of RAM blocks has an unknown format. */
  record BlocksNotListed(Endpoint qmp) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the QEMU behind " + qmp + " does not list its RAM blocks as is understood";
    }
  }

  /**
   * The address of a RAM block is unknown or uncertain.
   *
   * @param why the reason, a clause
   */
  record BlockNotLocated(String block, String why) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "where RAM block " + block + " lies in QEMU's memory can't be told: " + why;
    }
  }

  /** No RAM block is visible for the guest, which is needed to verify addresses. */
  record NoBlockSeen() implements MemoryObstacle {
    @Override
    public String sentence() {
      return "where the RAM blocks lie in QEMU's memory can't be told: the guest sees none of them";
    }
  }

  /**
   * The memory of a RAM block is not mapped, or not usable as RAM.
   *
   * @param why the reason, a clause
   */
  record BlockNotMapped(String block, String why) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block " + block + " can't be read where it lies in QEMU's memory: " + why;
    }
  }

  /**
   * The memory of a RAM block is not writable.
   *
   * @param permissions permissions of the mapping in /proc/PID/maps
   */
  record ReadOnlyBlock(String block, String permissions) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " can't be written where it lies in QEMU's memory ("
          + permissions
          + "): its backend is read-only";
    }
  }

  /** The guest was restored and not all of its memory has arrived yet. */
  record NotResident(String block) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "RAM block "
          + block
          + " has pages that are still to be brought in, since the guest was restored and runs"
          + " before all of its memory is there; wait for the end of that";
    }
  }

  /**
   * The page size of the target is unknown.
   *
   * @param target the target in QMP's spelling
   */
  record OtherTarget(String target) implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the size of target pages is known for x86 only, and this QEMU's target is " + target;
    }
  }

  /** The save to restore was made under x-ignore-shared, which leaves memory out. */
  record SharedMemoryLeftOut(String save) implements MemoryObstacle {
    @Override
    public String sentence() {
      return save + " was saved under x-ignore-shared, without all of its memory";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.RESTORE_BY_STREAM);
    }
  }
}
