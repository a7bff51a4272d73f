// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

/**
 * A part of a sealed file that is neither pages nor zeros.
 *
 * @param kind what it is: one of the constants here, or another lower-case word
 * @param block index of the RAM block that it belongs to, or {@link #NO_BLOCK}
 * @param offset file offset
 * @param lengthBytes its length
 * @param digest its {@link PartDigest}
 */
public record SealedPart(String kind, int block, long offset, long lengthBytes, String digest) {
  /** Everything between the pages of the previous block and the bitmap of this one. */
  public static final String ENTRY = "entry";

  /** The bitmap of a block, and its mark. */
  public static final String BITMAP = "bitmap";

  /** The table of a block's fingerprints. */
  public static final String TABLE = "table";

  /** Everything behind the pages of the last block, to the end of the device state. */
  public static final String DEVICES = "devices";

  /** The manifest, with its first line and the newline behind it. */
  public static final String MANIFEST = "manifest";

  /** Bytes behind the device state that had no meaning when the file was sealed. */
  public static final String OTHER = "other";

  /** Index for parts of no block. */
  public static final int NO_BLOCK = -1;

  /** File offset after the part. */
  public long end() {
    return offset + lengthBytes;
  }
}
