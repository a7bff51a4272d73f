// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench;

import io.fixedram.bench.host.ChildProcess;
import io.fixedram.bench.result.Metric;
import io.fixedram.bench.result.Names;
import io.fixedram.bench.result.Sample;
import io.fixedram.cancel.Cancellation;
import io.fixedram.qemu.qmp.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A tool that measures the speed of the disk. */
sealed interface DiskTool {
  /** Name of the tool in tables. */
  String name();

  /** Writes bytes directly in large pieces, with a sync at the end. */
  Sample write(Path file, long bytes, Cancellation cancellation);

  /** Reads a file directly in large pieces. */
  Sample read(Path file, long bytes, Cancellation cancellation);

  /** The disk's limit for writing, as a rival. */
  static Rival writing(Venue venue, long bytes) {
    Path file = venue.file("limit");
    return Rival.of(
        Names.DISK_WRITE + " (" + venue.tools().name() + ")",
        () -> {
          try {
            return venue.tools().write(file, bytes, venue.cancellation());
          } finally {
            Disk.remove(file);
          }
        });
  }

  /** The disk's limit for reading, as a rival; its file is removed with the directory. */
  static Rival reading(Venue venue, long bytes) {
    Path file = venue.file("limit-read");
    return Rival.of(
        Names.DISK_READ + " (" + venue.tools().name() + ")",
        () -> venue.tools().read(file, bytes, venue.cancellation()));
  }

  /**
   * The flexible I/O tester, which keeps several requests in flight. The time does not include
   * preparing the file.
   *
   * @param command the words that start it
   */
  record Fio(List<String> command) implements DiskTool {
    private static final double MILLIS_PER_SECOND = 1000;

    @Override
    public String name() {
      return "fio";
    }

    @Override
    public Sample write(Path file, long bytes, Cancellation cancellation) {
      return run("write", file, bytes, cancellation);
    }

    @Override
    public Sample read(Path file, long bytes, Cancellation cancellation) {
      return run("read", file, bytes, cancellation);
    }

    private Sample run(String way, Path file, long bytes, Cancellation cancellation) {
      List<String> words = new ArrayList<>(command);
      words.addAll(
          List.of(
              "--name=limit",
              "--filename=" + file,
              "--rw=" + way,
              "--size=" + bytes,
              "--bs=4M",
              "--direct=1",
              "--ioengine=libaio",
              "--iodepth=4",
              // By default fio spends processor time on changing each buffer between writes.
              "--scramble_buffers=0",
              "--end_fsync=1",
              "--output-format=json"));
      String out =
          ChildProcess.run(words, file.resolveSibling(""), cancellation).orThrow("fio").out();
      // Messages of fio may precede the object.
      Json told = Json.parse(out.substring(Math.max(0, out.indexOf('{'))));
      long millis = told.get("jobs").items().getFirst().get(way).get("runtime").number();
      return Sample.of(Metric.SECONDS, Math.max(1, millis) / MILLIS_PER_SECOND);
    }
  }

  /** dd of coreutils, which keeps one request in flight. */
  record Dd() implements DiskTool {
    private static final long PIECE = 4L << 20;

    @Override
    public String name() {
      return "dd";
    }

    @Override
    public Sample write(Path file, long bytes, Cancellation cancellation) {
      return run(
          cancellation,
          file,
          "if=/dev/zero",
          "of=" + file,
          "bs=" + PIECE,
          "count=" + Math.ceilDiv(bytes, PIECE),
          "oflag=direct",
          "conv=fsync");
    }

    @Override
    public Sample read(Path file, long bytes, Cancellation cancellation) {
      if (!Files.exists(file)) {
        var _ = write(file, bytes, cancellation);
      }
      return run(cancellation, file, "if=" + file, "of=/dev/null", "bs=" + PIECE, "iflag=direct");
    }

    private static Sample run(Cancellation cancellation, Path file, String... words) {
      List<String> all = new ArrayList<>(List.of("dd"));
      all.addAll(List.of(words));
      ChildProcess.Result result =
          ChildProcess.run(all, file.resolveSibling(""), cancellation).orThrow("dd");
      return Sample.of(Metric.SECONDS, result.seconds());
    }
  }
}
