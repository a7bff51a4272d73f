// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testkit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Assumptions;

/**
 * A small file system of some kind, in a file, mounted while a test needs it. The test is skipped
 * where that is not permitted, or the programs or the kernel lack the kind; the reason has what the
 * failed program said.
 *
 * @param path where it is mounted
 */
public record LoopDisk(Path path) implements AutoCloseable {
  private static final int STEP_BYTES = 1 << 20;

  /** Kinds of file systems, each with the words that make one. */
  public enum Kind {
    EXT4(64, "mkfs.ext4 -q -m 0 -E lazy_itable_init=0"),
    XFS(320, "mkfs.xfs -q"),
    BTRFS(128, "mkfs.btrfs -q -M"),
    VFAT(64, "mkfs.vfat");

    private final int mebibytes;
    private final String command;

    Kind(int mebibytes, String command) {
      this.mebibytes = mebibytes;
      this.command = command;
    }
  }

  /**
   * Makes and mounts one.
   *
   * @param directory where it is mounted, and beside which its image is
   * @param options options of mount(8), such as {@code usrquota}; may be empty
   */
  public static LoopDisk mount(Kind kind, Path directory, String options)
      throws IOException, InterruptedException {
    Path image = directory.resolveSibling(directory.getFileName() + ".image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength((long) kind.mebibytes << 20);
    }
    List<String> make = new ArrayList<>(List.of(kind.command.split(" ", -1)));
    make.add(image.toString());
    need(make);
    Files.createDirectories(directory);
    String all = options.isEmpty() ? "loop" : "loop," + options;
    String type = kind.name().toLowerCase(Locale.ROOT);
    need(List.of("mount", "-t", type, "-o", all, image.toString(), directory.toString()));
    Files.delete(image);
    return new LoopDisk(directory);
  }

  /** Runs a program; the test is skipped if it fails. */
  public static void need(List<String> command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      Assumptions.abort("there is no " + command.getFirst() + " here");
      return;
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Assumptions.assumeTrue(
        process.waitFor() == 0,
        () -> command.getFirst() + " failed: " + said.strip().lines().findFirst().orElse(""));
  }

  /**
   * Takes space with one file, so that about so much is left. It takes the place of the one before.
   *
   * @return whether there was as much
   */
  public boolean leave(long freeBytes) throws IOException, InterruptedException {
    Path filler = path.resolve("filler");
    Files.deleteIfExists(filler);
    run("sync", "-f", path.toString());
    long take = path.toFile().getUsableSpace() - freeBytes;
    if (take <= 0) {
      return false;
    }
    // The file system needs some for itself.
    while (run("fallocate", "-l", Long.toString(take), filler.toString()) != 0) {
      Files.deleteIfExists(filler);
      take -= STEP_BYTES;
      if (take <= 0) {
        throw new IOException("cannot take space of " + path);
      }
    }
    return true;
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @Override
  public void close() throws IOException {
    try {
      if (run("umount", path.toString()) != 0) {
        throw new IOException("cannot unmount " + path);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while unmounting " + path, e);
    }
  }
}
