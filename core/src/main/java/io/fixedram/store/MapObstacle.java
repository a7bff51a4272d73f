// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

/**
 * Why a block's pages can't be mapped where they stand.
 *
 * @param reason the kind of obstacle
 * @param sentence what is in the way, with names and offsets
 */
public record MapObstacle(Reason reason, String sentence) {
  /** Kinds of obstacles. */
  public enum Reason {
    /** The pages have no offset each, or their bytes are in no local file as they stand. */
    NO_PLACE,
    /** The pages begin where no mapping can. */
    MISALIGNED,
    /** The system refuses to map the file. */
    REFUSED,
    /** Zero pages take space in the file, more than is read to see that they are zero. */
    TOO_MANY_ZEROS,
    /** The file has content where the guest has zeros. */
    STALE_CONTENT
  }
}
