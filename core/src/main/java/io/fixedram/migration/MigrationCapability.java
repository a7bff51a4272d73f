// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import java.util.Arrays;
import java.util.Optional;

/** Switches of a migration, as QEMU's MigrationCapability names them. All are off by default. */
public enum MigrationCapability {
  /** Pages at fixed offsets, in the layout of the 2022 proposal. */
  FIXED_RAM("fixed-ram", true),
  /** Pages at fixed offsets, in the layout of QEMU 9.0. */
  MAPPED_RAM("mapped-ram", true),
  /** Waits in the state pre-switchover once the guest is stopped. */
  PAUSE_BEFORE_SWITCHOVER("pause-before-switchover", true),
  /** Reports changes of state and passes as events. */
  EVENTS("events", true),
  /** Several channels for pages. */
  MULTIFD("multifd", false),
  /** Repeated pages sent as differences. */
  XBZRLE("xbzrle", false),
  /** Compressed pages. */
  COMPRESS("compress", false),
  /** Pages requested by a guest that runs at the destination already. */
  POSTCOPY_RAM("postcopy-ram", false),
  /** Memory as of the beginning of the save, each page written once. */
  BACKGROUND_SNAPSHOT("background-snapshot", false),
  /** Zero blocks of disks are omitted in the first pass. */
  ZERO_BLOCKS("zero-blocks", false),
  /** Sends disks too. */
  BLOCK("block", false),
  /** Sends the dirty bitmaps of disks. */
  DIRTY_BITMAPS("dirty-bitmaps", false),
  /** Pins all memory, for RDMA. */
  RDMA_PIN_ALL("rdma-pin-all", false),
  /** Continuous checkpoints of a guest that runs on two hosts. */
  X_COLO("x-colo", false),
  /** Measures how long the guest waits for its pages. */
  POSTCOPY_BLOCKTIME("postcopy-blocktime", false),
  /** A separate channel for pages that the guest waits for. */
  POSTCOPY_PREEMPT("postcopy-preempt", false),
  /** Activates disks late at the destination. */
  LATE_BLOCK_ACTIVATE("late-block-activate", false),
  /** Slows down a guest that writes too fast. */
  AUTO_CONVERGE("auto-converge", false),
  /** Omits memory that is shared with the destination. */
  X_IGNORE_SHARED("x-ignore-shared", false),
  /** Sends the guest's UUID. */
  VALIDATE_UUID("validate-uuid", false),
  /** A return path from the destination. */
  RETURN_PATH("return-path", false),
  /** Releases memory once it is sent. */
  RELEASE_RAM("release-ram", false),
  /** Sends without copying. */
  ZERO_COPY_SEND("zero-copy-send", false),
  /** Stops the guest once the destination says that it is ready. */
  SWITCHOVER_ACK("switchover-ack", false),
  /** Slows down only the vCPUs that write too fast. */
  DIRTY_LIMIT("dirty-limit", false);

  private static final String EXPERIMENTAL_PREFIX = "x-";

  private final String text;
  private final boolean provided;

  MigrationCapability(String text, boolean provided) {
    this.text = text;
    this.provided = provided;
  }

  /** QEMU's spelling. */
  public String text() {
    return text;
  }

  /**
   * Whether this engine supports the capability. Others can be set, but no migration starts with
   * them.
   */
  boolean isProvided() {
    return provided;
  }

  /** The capability with a name; {@code x-fixed-ram} is fixed-ram's experimental spelling. */
  public static Optional<MigrationCapability> parse(String text) {
    String name = text.equals(EXPERIMENTAL_PREFIX + FIXED_RAM.text) ? FIXED_RAM.text : text;
    return Arrays.stream(values()).filter(each -> each.text.equals(name)).findFirst();
  }
}
