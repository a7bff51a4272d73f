// SPDX-License-Identifier: Apache-2.0
package io.fixedram.write;

import io.fixedram.fixed.FixedLayout;
import io.fixedram.key.SigningKey;
import java.util.Optional;

/**
 * Options for writing a save.
 *
 * @param direct use of direct writes, which bypass the page cache
 * @param sync whether the file is synced to its device before it gets its name
 * @param alignmentBytes alignment of the first page of each block in a fixed-offset file: a power
 *     of two; a value below the target page size means the target page size
 * @param sealed whether a fixed-offset file gets fingerprints of its pages and a footer
 *     (docs/format.md, "Sealed files"); one with an alignment below 1 MiB never does
 * @param key key that the file is signed with; a file that can't be signed, such as a stream, is
 *     then refused
 * @param reserve whether space for all pages of a fixed-offset file is reserved when the save
 *     begins, so that it can't run out; what no page needed is given back when the save ends. A
 *     stream, whose size is not known then, reserves nothing
 */
public record WriteOptions(
    DirectMode direct,
    boolean sync,
    long alignmentBytes,
    boolean sealed,
    Optional<SigningKey> key,
    boolean reserve) {
  /** Checks the alignment. */
  public WriteOptions {
    if (Long.bitCount(alignmentBytes) != 1) {
      throw new IllegalArgumentException("an alignment of " + alignmentBytes + " bytes");
    }
  }

  /** Options for a file that is sealed if its alignment allows it, without reserved space. */
  public WriteOptions(DirectMode direct, boolean sync, long alignmentBytes) {
    this(direct, sync, alignmentBytes, true, Optional.empty(), false);
  }

  /** The same options for a file without fingerprints and footer. */
  public WriteOptions notSealed() {
    return new WriteOptions(direct, sync, alignmentBytes, false, Optional.empty(), reserve);
  }

  /** The same options for a file that is sealed and signed. */
  public WriteOptions signed(SigningKey with) {
    return new WriteOptions(direct, sync, alignmentBytes, true, Optional.of(with), reserve);
  }

  /** The same options for a file whose space is reserved when the save begins. */
  public WriteOptions reserving() {
    return new WriteOptions(direct, sync, alignmentBytes, sealed, key, true);
  }

  /** Default options: direct writes where possible, synced, aligned for huge pages, sealed. */
  public static WriteOptions defaults() {
    return new WriteOptions(DirectMode.AUTO, true, FixedLayout.DEFAULT_ALIGNMENT_BYTES);
  }
}
