// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import io.fixedram.qemu.guest.SerialReport;
import java.nio.file.Path;
import java.util.List;

/**
 * The test guest of this project, a program of a few hundred bytes, which never idles completely.
 */
final class OwnGuest implements Guest {
  private static final long FIRST_ADDRESS = 16L << 20;
  private static final int PAGES_PER_MEBIBYTE = 256;

  /** Number of rounds in which it writes each of its pages once. */
  private static final int ROUNDS_OVER_ALL = 4;

  private final Path image;

  /**
   * Writes the guest's disk.
   *
   * @param image the file to write
   */
  OwnGuest(Path image, GuestSize size) {
    this.image = image;
    new MemoryGuest(
            List.of(new Region(FIRST_ADDRESS, (long) size.usedMebibytes() * PAGES_PER_MEBIBYTE)), 0)
        .writeTo(image);
  }

  @Override
  public String description() {
    return "fixedram's own test guest";
  }

  @Override
  public List<String> words(Activity activity) {
    return List.of("-drive", "format=raw,snapshot=on,file=" + image.toString().replace(",", ",,"));
  }

  @Override
  public boolean isReady(Path serial) {
    SerialReport report = SerialReport.read(serial);
    if (report.firstBad().isPresent()) {
      throw new FixedRamException("the guest found its memory wrong: " + report.firstBad().get());
    }
    return report.lastGeneration().orElse(0) >= ROUNDS_OVER_ALL;
  }
}
