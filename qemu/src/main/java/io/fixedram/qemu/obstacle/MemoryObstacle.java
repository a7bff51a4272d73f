// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.obstacle;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.Remedy;
import io.fixedram.qemu.qmp.Endpoint;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * Reason why the memory of a QEMU can't be read or written in place (save and restore mode memory).
 * The remedies differ for saves and restores, and are those of the {@link ObstacleException}.
 */
public sealed interface MemoryObstacle extends Obstacle {
  @Override
  default List<Remedy> remedies() {
    return List.of();
  }

  /** The obstacle that a failure describes. */
  static MemoryObstacle of(FixedRamException failure) {
    return failure instanceof ObstacleException told && told.obstacle() instanceof MemoryObstacle of
        ? of
        : new OtherReason(failure.sentence(), failure.remedies());
  }

  /** A property of this guest or save, which other modes may support. */
  record OtherReason(String sentence, List<Remedy> remedies) implements MemoryObstacle {
    /** Keeps a copy of the list. */
    public OtherReason {
      remedies = List.copyOf(remedies);
    }
  }

  /** The save to restore is a stream, or does not support random access. */
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
      return "QEMU's process can't be identified over " + qmp + "; use a unix socket for its QMP";
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
   * @param named whether the caller gave the process, instead of it being the one that listens
   * @param why the predicate of a sentence about the process
   */
  record OtherProcess(long process, Endpoint qmp, boolean named, String why)
      implements MemoryObstacle {
    @Override
    public String sentence() {
      if (named) {
        return "process "
            + process
            + " was given as the QEMU that answers at "
            + qmp
            + ", but is not: it "
            + why;
      }
      return "process "
          + process
          + ", which created the socket "
          + qmp
          + ", is not the QEMU that answers there: it "
          + why
          + "; use a QMP socket on which QEMU itself listens";
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
          + ": it has changed its user since it was started, or its program file is not readable; run"
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
            default -> ", which permits no access and can't be changed until the host is rebooted";
          };
    }
  }

  /** The kernel refuses without a known reason. */
  record NotPermitted(long process) implements MemoryObstacle {
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
  record NotVisible(long process, String failure) implements MemoryObstacle {
    @Override
    public String sentence() {
      return notAllowed(process) + ", and the reason is unknown (" + failure + ")";
    }
  }

  private static String notAllowed(long process) {
    return "access to the memory of QEMU (process " + process + ") is not permitted";
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
      return "the QEMU behind " + qmp + " lists its RAM blocks in an unknown format";
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
      return "the address of RAM block " + block + " in QEMU's memory can't be determined: " + why;
    }
  }

  /** No RAM block is visible for the guest, which is needed to verify addresses. */
  record NoBlockSeen() implements MemoryObstacle {
    @Override
    public String sentence() {
      return "the addresses of the RAM blocks in QEMU's memory can't be verified: none of them is"
          + " visible to the guest";
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
      return "RAM block " + block + " can't be read in QEMU's memory: " + why;
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
          + " can't be written in QEMU's memory ("
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
          + " has pages that have not arrived yet, since the guest was restored and runs before all"
          + " of its memory is there; wait until it is";
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
      return "the size of target pages is known only for x86, and this QEMU's target is " + target;
    }
  }

  /**
   * The guest would be stopped for too long to be saved in place while it runs.
   *
   * @param predicted expected downtime
   * @param limit maximum downtime
   */
  record LongDowntime(Duration predicted, Duration limit) implements MemoryObstacle {
    @Override
    public String sentence() {
      return String.format(
          Locale.ROOT,
          "the guest would be stopped for about %.3f s, more than the maximum of %.3f s",
          predicted.toNanos() / 1e9,
          limit.toNanos() / 1e9);
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.SAVE_BY_STREAM);
    }
  }

  /** The save is to contain the description of the device state, which only a migration has. */
  record NoDescription() implements MemoryObstacle {
    @Override
    public String sentence() {
      return "QEMU describes its device state only when it sends it";
    }

    @Override
    public List<Remedy> remedies() {
      return List.of(Remedy.SAVE_BY_STREAM);
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
