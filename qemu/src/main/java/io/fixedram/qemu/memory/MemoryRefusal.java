// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

/** Why the memory of a QEMU is not touched. */
public enum MemoryRefusal {
  /** Its QMP connection is none of this host's, or none that a process can be told from. */
  NOT_LOCAL,
  /** It is in a pid namespace that this process does not see into. */
  OTHER_PID_NAMESPACE,
  /** Who listens at its QMP socket is another process: one that stands in between. */
  OTHER_PROCESS,
  /** It runs as another user. */
  OTHER_USER,
  /** The kernel keeps its memory from its own user, since it has changed users, or its program. */
  NOT_DUMPABLE,
  /** Yama lets processes look into their descendants only, or into none. */
  PTRACE_SCOPE,
  /** The kernel says no and not why: a security module, a filter, a capability that is lacking. */
  NOT_PERMITTED,
  /** It does not list its RAM blocks in a form that is known, or has none. */
  NO_BLOCKS,
  /** Where a RAM block lies can't be told, or not beyond doubt. */
  NOT_LOCATED,
  /** A RAM block lies in memory that is not there, or can't be used as RAM. */
  NOT_MAPPED,
  /** Its guest was restored and not all of its memory has come yet. */
  NOT_RESIDENT,
  /** Its target has pages of a size that is not known. */
  OTHER_TARGET
}
