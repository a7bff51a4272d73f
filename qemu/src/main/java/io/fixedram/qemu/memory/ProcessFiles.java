// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.StorageException;
import io.fixedram.os.SmallFile;
import io.fixedram.qemu.obstacle.ObstacleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the files of a process in /proc (proc(5)). */
final class ProcessFiles {
  /** The mappings of a QEMU take some hundred KiB. */
  private static final int MAX_BYTES = 16 << 20;

  private static final int MAX_ENTRIES = 1 << 16;
  private static final Pattern ID = Pattern.compile("[0-9]{1,9}");

  private final int id;
  private final Path directory;

  ProcessFiles(int id) {
    this.id = id;
    this.directory = Path.of("/proc", Integer.toString(id));
  }

  /** Path of a file of the process. */
  Path path(String name) {
    return directory.resolve(name);
  }

  /**
   * The text of a file.
   *
   * @throws ObstacleException if the file may not be read
   * @throws StorageException if the process is gone
   */
  String text(String name) {
    try {
      return SmallFile.text(path(name), MAX_BYTES, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  /**
   * The entries of a directory.
   *
   * @throws ObstacleException if the directory may not be read
   * @throws StorageException if the process is gone
   */
  List<Path> list(String name) {
    try (Stream<Path> files = Files.list(path(name))) {
      List<Path> listed = files.limit(MAX_ENTRIES).toList();
      if (listed.size() == MAX_ENTRIES) {
        throw new IOException(path(name) + " has more than " + (MAX_ENTRIES - 1) + " entries");
      }
      return listed;
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private RuntimeException failure(IOException e) {
    return e instanceof AccessDeniedException
        ? ProcessAccess.refused(id)
        : new StorageException("cannot look at process " + id + ": " + e.getMessage(), e);
  }

  /**
   * The words after a name in a file with lines such as {@code Uid: 0 0 0 0}; empty if there is no
   * such line.
   */
  static List<String> field(String lines, String name) {
    return lines
        .lines()
        .filter(line -> line.startsWith(name + ":"))
        .findFirst()
        .map(line -> Arrays.asList(line.substring(name.length() + 1).strip().split("\\s+")))
        .orElse(List.of());
  }

  /** The text of the file with the state of a process or thread. */
  static String status(Path directory) throws IOException {
    return SmallFile.text(directory.resolve("status"), MAX_BYTES, StandardCharsets.ISO_8859_1);
  }

  /** Ids of the process's threads in their innermost pid namespace. */
  List<Integer> threadsAsItSeesThem() {
    return list("task").stream().flatMap(task -> innermost(task).stream()).toList();
  }

  private static Optional<Integer> innermost(Path task) {
    try {
      return field(status(task), "NSpid").reversed().stream()
          .limit(1)
          .filter(ID.asMatchPredicate())
          .map(Integer::valueOf)
          .findFirst();
    } catch (NoSuchFileException e) {
      // The thread has ended.
      return Optional.empty();
    } catch (IOException e) {
      throw new StorageException("cannot look at " + task + ": " + e.getMessage(), e);
    }
  }
}
