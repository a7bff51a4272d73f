// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.error.StorageException;

/** Reason why a block's pages can't be mapped from the file. Each kind is a record of its facts. */
public sealed interface MapObstacle {
  /** A sentence with the facts. */
  String sentence();

  /** The pages have no fixed offsets, or are not stored verbatim in a local file. */
  record NoPlace(String save, String block) implements MapObstacle {
    @Override
    public String sentence() {
      return "the pages of RAM block " + block + " have no place of their own in " + save;
    }
  }

  /**
   * The content of some pages is in another file, and a mapping would show zeros.
   *
   * @param pages number of these pages
   */
  record Elsewhere(String save, String block, long pages) implements MapObstacle {
    @Override
    public String sentence() {
      return save
          + " has the content of "
          + pages
          + " pages of RAM block "
          + block
          + " in another save that it builds upon";
    }
  }

  /**
   * The file offset of the pages is not a multiple of the host's page size.
   *
   * @param offset file offset of the block's first page
   * @param pageBytes the host's page size
   */
  record Misaligned(String save, String block, long offset, long pageBytes) implements MapObstacle {
    @Override
    public String sentence() {
      return "the pages of RAM block "
          + block
          + " begin at offset "
          + offset
          + " of "
          + save
          + ", and a mapping only at a multiple of "
          + pageBytes;
    }
  }

  /** The system refuses to map the file. */
  record Refused(StorageException failure) implements MapObstacle {
    @Override
    public String sentence() {
      return failure.sentence();
    }
  }

  /**
   * Zero pages occupy more space in the file than is read to verify that they are zero.
   *
   * @param maxBytes bytes of them that are read at most
   */
  record TooManyZeros(String save, long maxBytes) implements MapObstacle {
    @Override
    public String sentence() {
      return save + " has more than " + (maxBytes >> 20) + " MiB of zeros where holes should be";
    }
  }

  /** The file has old content in pages that are zero in the guest. */
  record StaleContent(String save, String block) implements MapObstacle {
    @Override
    public String sentence() {
      return save
          + " has old content in RAM block "
          + block
          + " where the guest has zeros, as QEMU leaves it in a live save";
    }
  }
}
