// SPDX-License-Identifier: Apache-2.0
package io.fixedram.seal;

import io.fixedram.bytes.ByteStore;
import io.fixedram.bytes.FilePlace;
import io.fixedram.bytes.StoreState;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.DamagedRange;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.fingerprint.PrintKind;
import io.fixedram.os.AnonymousMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * A view of a sealed file in which every byte of a part is what its digest says, also if somebody
 * writes to the file meanwhile. A part's digest is checked when it is first read, and the
 * fingerprints of its pieces are kept, 1/128 of its length; later reads are compared with these.
 * Bytes that belong to no part, such as pages, are read as they are.
 */
final class CheckedBytes implements ByteStore {
  private static final int MAX_PIECES = 64;

  private final ByteStore bytes;
  private final Seal seal;
  private final TreeMap<Long, Part> parts = new TreeMap<>();

  CheckedBytes(ByteStore bytes, Seal seal) {
    this.bytes = bytes;
    this.seal = seal;
    for (SealedPart part : seal.parts()) {
      if (part.lengthBytes() > 0) {
        parts.put(part.offset(), new Part(part));
      }
    }
  }

  /** A part with the fingerprints of its pieces, once its digest was checked. */
  private final class Part {
    private final SealedPart sealed;
    private Optional<MemorySegment> prints = Optional.empty();

    Part(SealedPart sealed) {
      this.sealed = sealed;
    }

    synchronized MemorySegment prints() {
      if (prints.isEmpty()) {
        PrintKind kind = seal.prints();
        // Not touched where the part has holes.
        MemorySegment kept =
            AnonymousMemory.allocate(
                Arena.ofAuto(), PartDigest.pieces(sealed.lengthBytes()) * kind.bytes());
        String digest =
            PartDigest.of(
                kind,
                PartDigest.Input.of(bytes),
                sealed.offset(),
                sealed.lengthBytes(),
                new Cancellation(),
                (first, count, found) ->
                    MemorySegment.copy(found, 0, kept, first * kind.bytes(), count * kind.bytes()));
        if (!digest.equals(sealed.digest())) {
          throw new DamagedSaveException(bytes.name(), seal.range(sealed));
        }
        prints = Optional.of(kept);
      }
      return prints.get();
    }

    long read(long position, MemorySegment into, long offset, long length) {
      PrintKind kind = seal.prints();
      long inPart = position - sealed.offset();
      long end = Math.min(sealed.lengthBytes(), inPart + length);
      long first = inPart / PartDigest.PIECE_BYTES;
      long count = Math.min(MAX_PIECES, PartDigest.pieces(end) - first);
      long from = first * PartDigest.PIECE_BYTES;
      long size = Math.min(count * PartDigest.PIECE_BYTES, sealed.lengthBytes() - from);
      MemorySegment wanted = prints();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment pieces = arena.allocate(count * PartDigest.PIECE_BYTES, Long.BYTES);
        MemorySegment found = arena.allocate(count * kind.bytes(), Long.BYTES);
        bytes.readFully(sealed.offset() + from, pieces, 0, size);
        kind.write(pieces, 0, PartDigest.PIECE_BYTES, count, found);
        long at = first * kind.bytes();
        if (MemorySegment.mismatch(found, 0, found.byteSize(), wanted, at, at + found.byteSize())
            >= 0) {
          throw new DamagedSaveException(
              bytes.name(),
              DamagedRange.of("what was changed after it was checked", position, size));
        }
        long given = Math.min(end, from + size) - inPart;
        MemorySegment.copy(pieces, inPart - from, into, offset, given);
        return given;
      }
    }
  }

  /**
   * Checks a part, if that was not done before.
   *
   * @throws DamagedSaveException if it is not as it was written
   */
  void check(SealedPart part) {
    if (part.lengthBytes() > 0) {
      var _ = Optional.ofNullable(parts.get(part.offset())).orElseThrow().prints();
    }
  }

  @Override
  public long read(long position, MemorySegment into, long offset, long length) {
    Map.Entry<Long, Part> before = parts.floorEntry(position);
    if (length > 0 && before != null && position < before.getValue().sealed.end()) {
      return before.getValue().read(position, into, offset, length);
    }
    Long next = parts.higherKey(position);
    return bytes.read(
        position, into, offset, next == null ? length : Math.min(length, next - position));
  }

  @Override
  public String name() {
    return bytes.name();
  }

  @Override
  public long sizeBytes() {
    return bytes.sizeBytes();
  }

  @Override
  public OptionalLong nextData(long position) {
    return bytes.nextData(position);
  }

  @Override
  public OptionalLong nextHole(long position) {
    return bytes.nextHole(position);
  }

  @Override
  public StoreState state() {
    return bytes.state();
  }

  @Override
  public long allocatedBytes() {
    return bytes.allocatedBytes();
  }

  @Override
  public int parallelReads() {
    return bytes.parallelReads();
  }

  @Override
  public Optional<FilePlace> filePlace(long position) {
    return bytes.filePlace(position);
  }

  @Override
  public void close() {
    bytes.close();
  }
}
