// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.bench;

import io.fixedram.cli.host.AptPackages;
import io.fixedram.cli.host.CacheDirectory;
import io.fixedram.cli.host.Programs;
import io.fixedram.cli.host.ScratchDirectory;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Cancellation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds fio: the machine's, one fetched earlier, or one fetched now; dd where there is none. */
final class DiskTools {
  private static final String FIO = "fio";

  private DiskTools() {}

  static DiskTool find(boolean mayFetch, BenchListener listener, Cancellation cancellation) {
    Optional<Path> machine = Programs.find(FIO);
    if (machine.isPresent()) {
      return new DiskTool.Fio(List.of(machine.get().toString()));
    }
    Path root = CacheDirectory.path().resolve("bench-fio");
    if (mayFetch && AptPackages.available() && !Files.exists(program(root))) {
      fetch(root, listener, cancellation);
    }
    return Files.exists(program(root)) ? fetched(root) : new DiskTool.Dd();
  }

  private static Path program(Path root) {
    return root.resolve("usr/bin/fio");
  }

  private static void fetch(Path root, BenchListener listener, Cancellation cancellation) {
    listener.step("fetching fio, once");
    try (ScratchDirectory work = ScratchDirectory.create("packages")) {
      AptPackages packages = new AptPackages(work.path(), cancellation);
      packages.update();
      packages.downloadWithDependencies(FIO);
      packages.unpack(root);
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      listener.warning("no fio (" + e.getMessage() + "); dd tells the disk's limit instead");
    }
  }

  /** It finds the libraries that came with it first. */
  private static DiskTool fetched(Path root) {
    try (Stream<Path> all = Files.walk(root, 3)) {
      String libraries =
          all.filter(path -> path.toString().endsWith("-linux-gnu"))
              .map(Path::toString)
              .collect(Collectors.joining(":"));
      return new DiskTool.Fio(
          List.of("env", "LD_LIBRARY_PATH=" + libraries, program(root).toString()));
    } catch (IOException e) {
      throw new StorageException("cannot look into " + root + ": " + e.getMessage(), e);
    }
  }
}
