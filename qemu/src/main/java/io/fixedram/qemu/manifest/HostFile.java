// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.os.SmallFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;

/**
 * Identity and change times of a file of this host. If all of them are equal at two times, the file
 * has not been written to in between: a write changes the time of the last change, which no program
 * can set back.
 *
 * @param host id of the host (machine-id(5)); empty if it has none
 * @param device device number of the file system
 * @param inode inode number
 * @param bytes length
 * @param modified time of the last modification of the content
 * @param changed time of the last change of content or attributes
 */
public record HostFile(
    String host, long device, long inode, long bytes, Instant modified, Instant changed) {
  private static final Path MACHINE_ID = Path.of("/etc/machine-id");
  private static final int MAX_ID_CHARS = 64;
  private static final int MAX_ID_BYTES = 4096;

  /** Whether this is the same file, perhaps with another content. */
  boolean isSameFile(HostFile other) {
    return host.equals(other.host) && device == other.device && inode == other.inode;
  }

  /**
   * Looks at a file.
   *
   * @param directory directory to which a relative name refers; empty if it is not known
   * @return the file; empty if there is no regular file of this name, or it can't be looked at
   */
  static Optional<HostFile> of(Optional<Path> directory, String name) {
    try {
      Path path = directory.orElse(Path.of("")).resolve(name);
      if (!path.isAbsolute() || !Files.isRegularFile(path)) {
        return Optional.empty();
      }
      return Optional.of(
          new HostFile(
              hostId(),
              number(path, "unix:dev"),
              number(path, "unix:ino"),
              number(path, "unix:size"),
              time(path, "unix:lastModifiedTime"),
              time(path, "unix:ctime")));
    } catch (IOException | InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static long number(Path path, String attribute) throws IOException {
    return Files.getAttribute(path, attribute) instanceof Number number ? number.longValue() : 0;
  }

  private static Instant time(Path path, String attribute) throws IOException {
    return Files.getAttribute(path, attribute) instanceof FileTime time
        ? time.toInstant()
        : Instant.EPOCH;
  }

  private static String hostId() {
    try {
      String id = SmallFile.text(MACHINE_ID, MAX_ID_BYTES, StandardCharsets.ISO_8859_1).strip();
      return id.length() <= MAX_ID_CHARS ? id : "";
    } catch (IOException e) {
      return "";
    }
  }
}
