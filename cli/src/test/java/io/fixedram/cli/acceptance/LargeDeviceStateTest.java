// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device state of nearly 64 MiB goes through every command, with the heap of the launcher. */
@Tag("qemu")
class LargeDeviceStateTest {
  private static final int LARGE = 63 << 20;
  private static final int TOO_LARGE = 65 << 20;
  private static final byte[] END = {0, 6};

  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    TestedQemu.any();
    Launcher.build();
  }

  @Test
  void everyCommandTakesIt() throws IOException, InterruptedException {
    Path qemu = TestedQemu.any();
    Path image = Vm.image(directory, 16);
    Path stream = stream(qemu, image);
    Path more = Files.copy(stream, directory.resolve("more"));
    describe(stream, LARGE);
    assertState(stream);
    Path received = directory.resolve("received");
    Path converted = directory.resolve("converted");
    try (Launcher all =
        Launcher.shell(
            directory,
            ("set -o pipefail; F=%1$s; $F send %2$s --connect - | $F receive %3$s --listen - -q &&"
                    + " $F convert %3$s - --to stream -q | $F convert - %4$s --to fixed-ram -q")
                .formatted(Launcher.quoted(), stream, received, converted))) {
      Result result = all.result();
      assertThat(result.status()).as(result.err()).isZero();
    }
    assertState(converted);
    for (String way : List.of("stream", "lazy")) {
      List<Object> words =
          new ArrayList<>(List.of("restore", received, "--via", way, "--detach", "--"));
      words.addAll(Vm.command(qemu, image, 64, "null"));
      words.addAll(List.of("-pidfile", directory.resolve("pid")));
      Result restore = Launcher.run(directory, words.toArray());
      assertThat(restore.status()).as(restore.err()).isZero();
      long pid = Long.parseLong(Files.readString(directory.resolve("pid")).strip());
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }

    describe(more, TOO_LARGE);
    for (List<Object> words :
        List.<List<Object>>of(
            List.of("info", more),
            List.of("convert", more, directory.resolve("none"), "--to", "mapped-ram"))) {
      Result refused = Launcher.run(directory, words.toArray());
      assertThat(refused.status()).as(refused.err()).isEqualTo(1);
      assertThat(refused.err()).contains("more than 64 MiB of device state").hasLineCount(1);
    }
  }

  private Path stream(Path qemu, Path image) throws IOException, InterruptedException {
    Path save = directory.resolve("save");
    Path stream = directory.resolve("stream");
    try (Vm vm = Vm.start(directory, "vm", Vm.command(qemu, image, 64, "null"))) {
      Result saved =
          Launcher.run(
              directory, "save", "--via", "stream", "--qmp", vm.qmp(), save, "--stop", "--then",
              "quit");
      assertThat(saved.status()).as(saved.err()).isZero();
    }
    Result converted = Launcher.run(directory, "convert", save, stream, "--to", "stream");
    assertThat(converted.status()).as(converted.err()).isZero();
    return stream;
  }

  /** Has the description at the end of a stream fill so many bytes. QEMU does not read it. */
  private static void describe(Path stream, int bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(stream.toFile(), "rw")) {
      int tailLength = (int) Math.min(1 << 20, file.length());
      byte[] tail = new byte[tailLength];
      file.seek(file.length() - tailLength);
      file.readFully(tail);
      String text = new String(tail, StandardCharsets.ISO_8859_1);
      int at = text.lastIndexOf(new String(END, StandardCharsets.ISO_8859_1));
      byte[] json = new byte[bytes];
      Arrays.fill(json, (byte) 'x');
      byte[] head = "{\"devices\": [], \"more\": \"".getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(head, 0, json, 0, head.length);
      json[bytes - 2] = '"';
      json[bytes - 1] = '}';
      file.setLength(file.length() - tailLength + (at < 0 ? tailLength : at));
      file.seek(file.length());
      file.write(END);
      file.write(ByteBuffer.allocate(Integer.BYTES).putInt(bytes).array());
      file.write(json);
    }
  }

  private void assertState(Path file) throws IOException, InterruptedException {
    Result info = Launcher.run(directory, "info", file, "--output", "json");
    assertThat(info.status()).as(info.err()).isZero();
    assertThat(Json.parse(info.out()).get("device_state_bytes").number()).isGreaterThan(LARGE);
  }
}
