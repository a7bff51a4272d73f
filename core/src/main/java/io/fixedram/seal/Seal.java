// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.error.DamagedRange;
import io.fixedram.fingerprint.PrintKind;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a footer says of a file.
 *
 * @param id id of the save
 * @param writer the program that sealed the file, and its version
 * @param prints kind of the fingerprints and digests
 * @param pageSize target page size in bytes
 * @param blocks the RAM blocks, in order
 * @param parts all parts, in the order of their offsets
 */
public record Seal(
    UUID id,
    String writer,
    PrintKind prints,
    int pageSize,
    List<SealedBlock> blocks,
    List<SealedPart> parts) {
  /** Maximum number of RAM blocks of a sealed file. */
  public static final int MAX_BLOCKS = 4096;

  /** Keeps copies of the lists. */
  public Seal {
    blocks = List.copyOf(blocks);
    parts = List.copyOf(parts);
  }

  /** Number of a block's pages. */
  public long pages(SealedBlock block) {
    return block.pagesBytes() / pageSize;
  }

  /** The part of a kind that belongs to a block, or to {@link SealedPart#NO_BLOCK}. */
  public Optional<SealedPart> find(String kind, int block) {
    return parts.stream()
        .filter(part -> part.block() == block && part.kind().equals(kind))
        .findFirst();
  }

  /** A part that every seal has. */
  public SealedPart get(String kind, int block) {
    return find(kind, block)
        .orElseThrow(() -> new IllegalStateException("no " + kind + " of block " + block));
  }

  /** Whether the footer has a signature: whether its fingerprints are cryptographic. */
  public boolean signed() {
    return prints == PrintKind.SHA_256;
  }

  /** The damage of a part. */
  public DamagedRange range(SealedPart part) {
    String what =
        switch (part.kind()) {
          case SealedPart.ENTRY -> "the header";
          case SealedPart.BITMAP -> "the bitmap";
          case SealedPart.TABLE -> "the table of fingerprints";
          case SealedPart.DEVICES -> "the device state";
          case SealedPart.MANIFEST -> "the manifest";
          default -> "the part " + part.kind();
        };
    return part.block() == SealedPart.NO_BLOCK
        ? DamagedRange.of(what, part.offset(), part.lengthBytes())
        : DamagedRange.ofBlock(
            what, blocks.get(part.block()).name(), part.offset(), part.lengthBytes());
  }

  /** The end of the device state and everything before it. */
  public SealedPart devices() {
    return get(SealedPart.DEVICES, SealedPart.NO_BLOCK);
  }
}
