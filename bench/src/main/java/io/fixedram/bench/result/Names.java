// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.result;

/** The names of those rivals that targets ask for. */
public final class Names {
  /** Begins the name of the tool that writes the same bytes. */
  public static final String DISK_WRITE = "disk's limit, written";

  /** Begins the name of the tool that reads the same bytes. */
  public static final String DISK_READ = "disk's limit, read";

  /** A live save, after the name of the QEMU. */
  public static final String SAVE_LIVE = ", fixedram save";

  /** A save of a stopped guest, after the name of the QEMU. */
  public static final String SAVE_STOPPED = ", fixedram save --stop";

  /** QEMU's own file, after its name. */
  public static final String MAPPED_RAM = ", mapped-ram";

  /** The same with two channels. */
  public static final String MULTIFD = ", mapped-ram, 2 multifd";

  /** The same past the page cache. */
  public static final String DIRECT_IO = ", mapped-ram, 2 multifd, direct-io";

  /** What {@code fixedram restore} is called in a table, before its way. */
  public static final String RESTORE = ", fixedram restore --via ";

  /** Ends the names of restores by a process of their own. */
  public static final String COMMAND = ", the command";

  /** Ends the names of those that read a file which is in the page cache. */
  public static final String WARM = ", warm";

  /** Ends the names of those that read a file which is not. */
  public static final String COLD = ", cold";

  /** The engine. */
  public static final String ENGINE = "engine, fixed-ram";

  /** Begins the names of conversions. */
  public static final String CONVERT = "fixedram convert, ";

  /** The copier of coreutils. */
  public static final String COPY = "cp, and sync";

  /** A look at a large save. */
  public static final String INFO_LARGE = "fixedram info, 64 GiB sparse";

  private Names() {}
}
