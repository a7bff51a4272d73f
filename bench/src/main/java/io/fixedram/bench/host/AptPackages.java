// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.host;

import io.fixedram.cancel.Cancellation;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.process.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Packages that the machine's own apt fetches from the machine's own sources, unpacked aside. apt
 * gets lists, downloads and locks of its own, so that the machine's stay as they are and no rights
 * are needed.
 */
public final class AptPackages {
  private static final String SCRIPT = "private-apt.sh";

  private final Path directory;
  private final Cancellation cancellation;

  /**
   * Prepares to fetch.
   *
   * @param directory takes apt's files; what is in it when all is done can go
   */
  AptPackages(Path directory, Cancellation cancellation) {
    this.directory = directory;
    this.cancellation = cancellation;
  }

  /**
   * Fetches packages into a directory that is there only once it is complete.
   *
   * @param choice downloads them
   * @throws FixedRamException if that fails
   */
  public static void fetch(Path into, Consumer<AptPackages> choice, Cancellation cancellation) {
    try (ScratchDirectory work = ScratchDirectory.create("packages")) {
      AptPackages packages = new AptPackages(work.path(), cancellation);
      packages.update();
      choice.accept(packages);
      packages.unpack(into);
    }
  }

  /** Whether this machine has such packages at all. */
  public static boolean available() {
    return Stream.of("apt-get", "apt-cache", "dpkg")
        .allMatch(name -> Programs.find(name).isPresent());
  }

  /**
   * Reads the lists of packages.
   *
   * @throws FixedRamException if that fails
   */
  private void update() {
    apt("apt-get", "-qq", "update").orThrow("apt-get update");
  }

  /** The packages that a package depends on, in its order. */
  public List<String> dependencies(String name) {
    return apt("apt-cache", "depends", name)
        .orThrow("apt-cache depends")
        .out()
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("Depends: "))
        .map(line -> line.substring("Depends: ".length()))
        .toList();
  }

  /** Fetches packages, without what they depend on. */
  public void download(String... names) {
    List<String> words = new ArrayList<>(List.of("-qq", "download"));
    words.addAll(List.of(names));
    apt("apt-get", words.toArray(String[]::new)).orThrow("apt-get download");
  }

  /** Fetches a package with those that it needs and the machine lacks. */
  public void downloadWithDependencies(String name) {
    apt(
            "apt-get",
            "-qq",
            "-y",
            "--no-install-recommends",
            "--reinstall",
            "--download-only",
            "install",
            name)
        .orThrow("apt-get install --download-only");
  }

  /**
   * Unpacks all that was fetched into a directory that is there only once it is complete. What was
   * there before goes.
   */
  private void unpack(Path into) {
    Path parent = into.toAbsolutePath().resolveSibling("");
    create(parent);
    try (ScratchDirectory work = ScratchDirectory.createIn(parent, "unpacking")) {
      Path complete = work.resolve("all");
      apt("unpack", complete.toString()).orThrow("dpkg -x");
      if (Files.exists(into)) {
        Files.move(into, work.resolve("old"), StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(complete, into, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StorageException("cannot unpack into " + into + ": " + e, e);
    }
  }

  /** Runs a program of apt with lists, downloads and locks of its own. */
  ChildProcess.Result apt(String program, String... words) {
    List<String> all =
        new ArrayList<>(List.of("/bin/sh", script().toString(), directory.toString(), program));
    all.addAll(List.of(words));
    return ChildProcess.run(all, directory, cancellation);
  }

  private Path script() {
    Path script = directory.resolve(SCRIPT);
    if (!Files.exists(script)) {
      try (InputStream in = AptPackages.class.getResourceAsStream(SCRIPT)) {
        Files.copy(Objects.requireNonNull(in, SCRIPT), script);
      } catch (IOException e) {
        throw new StorageException("cannot write " + script + ": " + e.getMessage(), e);
      }
    }
    return script;
  }

  private static void create(Path path) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new StorageException("cannot make the directory " + path + ": " + e.getMessage(), e);
    }
  }
}
