// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

/** Names of the rivals that targets refer to. */
public final class Names {
  /** Prefix of the name of the tool that writes the same bytes. */
  public static final String DISK_WRITE = "disk's limit, written";

  /** Prefix of the name of the tool that reads the same bytes. */
  public static final String DISK_READ = "disk's limit, read";

  /** Infix for a save by fixedram, after the name of the QEMU and before the save mode. */
  public static final String SAVE = ", fixedram save --via ";

  /** Suffix for a live save in place, after the name of the QEMU. */
  public static final String SAVE_MEMORY = SAVE + "memory";

  /** Suffix for a save of a stopped guest, after the save mode. */
  public static final String STOPPED = " --stop";

  /** Suffix for a save in place of a stopped guest, after the name of the QEMU. */
  public static final String SAVE_MEMORY_STOPPED = SAVE_MEMORY + STOPPED;

  /** Suffix for QEMU's own mapped-ram file, after the name of the QEMU. */
  public static final String MAPPED_RAM = ", mapped-ram";

  /** Suffix for a mapped-ram file with two multifd channels. */
  public static final String MULTIFD = ", mapped-ram, 2 multifd";

  /** Suffix for a mapped-ram file with two multifd channels and direct I/O. */
  public static final String DIRECT_IO = ", mapped-ram, 2 multifd, direct-io";

  /** Infix for {@code fixedram restore}, before the restore mode. */
  public static final String RESTORE = ", fixedram restore --via ";

  /** Suffix of restores by a separate process. */
  public static final String COMMAND = ", the command";

  /** Suffix of rivals that read a file in the page cache. */
  public static final String WARM = ", warm";

  /** Suffix of rivals that read a file outside of the page cache. */
  public static final String COLD = ", cold";

  /** Name of the engine's save. */
  public static final String ENGINE = "engine, fixed-ram";

  /** Prefix of conversions. */
  public static final String CONVERT = "fixedram convert, ";

  /** Name of a copy by cp of coreutils. */
  public static final String COPY = "cp, and sync";

  /** Name of info on a large save. */
  public static final String INFO_LARGE = "fixedram info, 64 GiB sparse";

  private Names() {}
}
