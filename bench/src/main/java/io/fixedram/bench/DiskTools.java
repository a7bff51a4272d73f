// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.host.AptPackages;
import io.fixedram.bench.host.CacheDirectory;
import io.fixedram.bench.host.ChildProcess;
import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.qemu.process.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds fio: that of the host, one fetched earlier, or one fetched now; dd if there is none. */
final class DiskTools {
  private static final String FIO = "fio";

  private DiskTools() {}

  static DiskTool find(boolean mayFetch, BenchListener listener, Cancellation cancellation) {
    Optional<DiskTool> machine =
        Programs.find(FIO)
            .map(program -> List.of(program.toString()))
            .filter(command -> works(command, listener, cancellation))
            .map(DiskTool.Fio::new);
    if (machine.isPresent()) {
      return machine.get();
    }
    Path root = CacheDirectory.path().resolve("bench-fio");
    if (mayFetch && AptPackages.available() && !Files.exists(program(root))) {
      fetch(root, listener, cancellation);
    }
    return Optional.of(root)
        .filter(each -> Files.exists(program(each)))
        .map(DiskTools::fetched)
        .filter(command -> works(command, listener, cancellation))
        .<DiskTool>map(DiskTool.Fio::new)
        .orElseGet(DiskTool.Dd::new);
  }

  /** Whether a fio starts; one built for other libraries does not. */
  private static boolean works(
      List<String> command, BenchListener listener, Cancellation cancellation) {
    List<String> words = new ArrayList<>(command);
    words.add("--version");
    try {
      var _ = ChildProcess.run(words, Path.of("/"), cancellation).orThrow(command.getLast());
      return true;
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      listener.warning("fio is left out: " + e.sentence());
      return false;
    }
  }

  private static Path program(Path root) {
    return root.resolve("usr/bin/fio");
  }

  private static void fetch(Path root, BenchListener listener, Cancellation cancellation) {
    listener.step("fetching fio, once");
    try {
      AptPackages.fetch(root, packages -> packages.downloadWithDependencies(FIO), cancellation);
    } catch (CancelledException e) {
      throw e;
    } catch (FixedRamException e) {
      listener.warning("no fio (" + e.getMessage() + "); dd tells the disk's limit instead");
    }
  }

  /** The command of a fetched fio, with its libraries first in the search path. */
  private static List<String> fetched(Path root) {
    try (Stream<Path> all = Files.walk(root, 3)) {
      String libraries =
          all.filter(path -> path.toString().endsWith("-linux-gnu"))
              .map(Path::toString)
              .collect(Collectors.joining(":"));
      return List.of("env", "LD_LIBRARY_PATH=" + libraries, program(root).toString());
    } catch (IOException e) {
      throw new StorageException("cannot look into " + root + ": " + e.getMessage(), e);
    }
  }
}
