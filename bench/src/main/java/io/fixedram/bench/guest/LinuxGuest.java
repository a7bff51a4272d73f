// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * A guest with a Linux kernel and busybox, and a file in memory with random pages that are all
 * different.
 */
final class LinuxGuest implements Guest {
  private static final String READY = "fixedram guest ready";

  private final LinuxParts parts;
  private final Path initrd;
  private final int usedMebibytes;

  /**
   * Writes the guest's initial RAM file system.
   *
   * @param initrd the file to write
   */
  LinuxGuest(LinuxParts parts, Path initrd, GuestSize size) {
    this.parts = parts;
    this.initrd = initrd;
    this.usedMebibytes = size.usedMebibytes();
    CpioArchive archive = new CpioArchive();
    archive.directory("dev");
    // The console that the kernel opens for its first program; Documentation/admin-guide/devices.
    archive.characterDevice("dev/console", 5, 1);
    archive.directory("bin");
    archive.program("bin/busybox", read(parts.busybox()));
    archive.program("init", init());
    archive.writeTo(initrd);
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new StorageException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static byte[] init() {
    try (InputStream in = LinuxGuest.class.getResourceAsStream("init.sh")) {
      if (in == null) {
        throw new IllegalStateException("init.sh is missing from this program");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new StorageException("cannot read init.sh: " + e.getMessage(), e);
    }
  }

  @Override
  public String description() {
    return "Linux (" + parts.kernel().getFileName() + ") and busybox";
  }

  @Override
  public List<String> words(Activity activity) {
    // The kernel passes unknown parameters to its first program in the environment.
    String forInit =
        "fixedram_fill="
            + usedMebibytes
            + (activity == Activity.DIRTYING ? " fixedram_dirty=1" : "");
    return List.of(
        "-kernel",
        parts.kernel().toString(),
        "-initrd",
        initrd.toString(),
        "-append",
        "console=ttyS0 quiet panic=-1 " + forInit);
  }

  @Override
  public boolean isReady(Path serial) {
    try {
      String said = Files.readString(serial, StandardCharsets.ISO_8859_1);
      if (said.contains("fixedram guest failed") || said.contains("Kernel panic")) {
        throw new FixedRamException(
            "the guest could not fill "
                + usedMebibytes
                + " MiB of its memory: give it more --ram, or a smaller --used");
      }
      return said.contains(READY);
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new StorageException("cannot read " + serial + ": " + e.getMessage(), e);
    }
  }
}
