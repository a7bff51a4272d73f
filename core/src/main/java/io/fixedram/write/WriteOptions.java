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
 */
public record WriteOptions(
    DirectMode direct,
    boolean sync,
    long alignmentBytes,
    boolean sealed,
    Optional<SigningKey> key) {
  /** Checks the alignment. */
  public WriteOptions {
    if (Long.bitCount(alignmentBytes) != 1) {
      throw new IllegalArgumentException("an alignment of " + alignmentBytes + " bytes");
    }
  }

  /** Options for a file that is sealed if its alignment allows it. */
  public WriteOptions(DirectMode direct, boolean sync, long alignmentBytes) {
    this(direct, sync, alignmentBytes, true, Optional.empty());
  }

  /** The same options for a file without fingerprints and footer. */
  public WriteOptions notSealed() {
    return new WriteOptions(direct, sync, alignmentBytes, false, Optional.empty());
  }

  /** The same options for a file that is sealed and signed. */
  public WriteOptions signed(SigningKey with) {
    return new WriteOptions(direct, sync, alignmentBytes, true, Optional.of(with));
  }

  /** Default options: direct writes where possible, synced, aligned for huge pages, sealed. */
  public static WriteOptions defaults() {
    return new WriteOptions(DirectMode.AUTO, true, FixedLayout.DEFAULT_ALIGNMENT_BYTES);
  }
}
