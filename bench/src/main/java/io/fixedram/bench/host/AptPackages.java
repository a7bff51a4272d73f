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
 * Fetches packages with the host's apt and its sources, and unpacks them to a private directory.
 * apt uses private lists, downloads and locks, so that the host's are not changed and no privileges
 * are needed.
 */
public final class AptPackages {
  private static final String SCRIPT = "private-apt.sh";

  private final Path directory;
  private final Cancellation cancellation;

  /**
   * Prepares to fetch packages.
   *
   * @param directory directory for apt's files, not needed afterwards
   */
  AptPackages(Path directory, Cancellation cancellation) {
    this.directory = directory;
    this.cancellation = cancellation;
  }

  /**
   * Fetches packages into a directory that is created only when it is complete.
   *
   * @param choice downloads the packages
   * @throws FixedRamException if fetching fails
   */
  public static void fetch(Path into, Consumer<AptPackages> choice, Cancellation cancellation) {
    try (ScratchDirectory work = ScratchDirectory.create("packages")) {
      AptPackages packages = new AptPackages(work.path(), cancellation);
      packages.update();
      choice.accept(packages);
      packages.unpack(into);
    }
  }

  /** Whether this host has apt. */
  public static boolean available() {
    return Stream.of("apt-get", "apt-cache", "dpkg")
        .allMatch(name -> Programs.find(name).isPresent());
  }

  /**
   * Updates the lists of packages.
   *
   * @throws FixedRamException if updating fails
   */
  private void update() {
    apt("apt-get", "-qq", "update").orThrow("apt-get update");
  }

  /** The dependencies of a package, in its order. */
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

  /** Downloads packages without their dependencies. */
  public void download(String... names) {
    List<String> words = new ArrayList<>(List.of("-qq", "download"));
    words.addAll(List.of(names));
    apt("apt-get", words.toArray(String[]::new)).orThrow("apt-get download");
  }

  /** Downloads a package with its dependencies that are not installed on the host. */
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
   * Unpacks all downloaded packages into a directory that is created, or replaced, only when it is
   * complete.
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

  /** Runs a program of apt with private lists, downloads and locks. */
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
