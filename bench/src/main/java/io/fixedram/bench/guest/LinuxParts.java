// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import io.fixedram.bench.host.AptPackages;
import io.fixedram.bench.host.CacheDirectory;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Files for a Linux guest.
 *
 * @param kernel an x86-64 Linux kernel
 * @param busybox a statically linked busybox
 */
record LinuxParts(Path kernel, Path busybox) {
  private static final String KERNEL_PACKAGE = "linux-image-cloud-amd64";
  private static final String BUSYBOX_PACKAGE = "busybox-static";

  /**
   * Bytes that include the name of the dynamic loader, which follows the headers (elf(5),
   * PT_INTERP).
   */
  private static final int HEADERS_BYTES = 4096;

  /** The files of this host, if it has both and this user may read them. */
  static Optional<LinuxParts> ofMachine() {
    Optional<Path> busybox = Programs.find("busybox").filter(LinuxParts::isStatic);
    return busybox.flatMap(
        found -> newestKernel(Path.of("/boot")).map(k -> new LinuxParts(k, found)));
  }

  private static Path cache() {
    return CacheDirectory.path().resolve("bench-guest");
  }

  /** The files that were fetched earlier. */
  static Optional<LinuxParts> cached() {
    Path root = cache();
    return Stream.of(root.resolve("bin/busybox"), root.resolve("usr/bin/busybox"))
        .filter(Files::isReadable)
        .findFirst()
        .flatMap(busybox ->
            newestKernel(root.resolve("boot")).map(kernel -> new LinuxParts(kernel, busybox)));
  }

  /**
   * Fetches the files as packages, into the user's cache.
   *
   * @throws FixedRamException if fetching fails
   */
  static LinuxParts fetch(Cancellation cancellation) {
    AptPackages.fetch(cache(), LinuxParts::download, cancellation);
    return cached()
        .orElseThrow(() ->
            new FixedRamException(
                "the packages fetched hold no kernel and busybox where expected"));
  }

  private static void download(AptPackages packages) {
    String kernel =
        packages.dependencies(KERNEL_PACKAGE).stream()
            .filter(name -> name.startsWith("linux-image-"))
            .findFirst()
            .orElseThrow(
                () -> new FixedRamException("apt knows of no kernel behind " + KERNEL_PACKAGE));
    packages.download(kernel, BUSYBOX_PACKAGE);
  }

  static Optional<Path> newestKernel(Path boot) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> kernels = Files.newDirectoryStream(boot, "vmlinuz-*")) {
      for (Path kernel : kernels) {
        if (Files.isReadable(kernel)) {
          found.add(kernel);
        }
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    return found.stream()
        .max(
            Comparator.comparing(
                (Path kernel) -> kernel.getFileName().toString(), new VersionOrder()));
  }

  private static boolean isStatic(Path program) {
    try (InputStream in = Files.newInputStream(program)) {
      String head = new String(in.readNBytes(HEADERS_BYTES), StandardCharsets.ISO_8859_1);
      return head.startsWith("\u007fELF") && !head.contains("/ld-");
    } catch (IOException e) {
      return false;
    }
  }
}
