// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.testkit.Launcher;
import io.fixedram.testkit.Launcher.Result;
import io.fixedram.testkit.TestedQemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the command shows of saves and guests, compared with what QEMU itself says of them. */
@Tag("qemu")
class InspectTest {
  private static final int USED_MEBIBYTES = 16;

  /** Devices with states of all kinds. */
  private static final String DEVICES =
      "-machine pc-q35-7.2 -smp 2 -m 64 -nodefaults -display none -vga std"
          + " -netdev user,id=net -device virtio-net-pci,netdev=net"
          + " -drive if=none,id=d,file.driver=null-co,format=raw -device virtio-blk-pci,drive=d"
          + " -device virtio-balloon-pci -device virtio-rng-pci -device qemu-xhci"
          + " -device usb-tablet -device vmcoreinfo -device intel-hda"
          + " -audiodev none,id=a -device hda-duplex,audiodev=a -device virtio-serial-pci"
          + " -device ahci,id=ah -device vmgenid -device pvpanic -S";

  @TempDir Path directory;

  @BeforeAll
  static void buildOnce() throws IOException, InterruptedException {
    Launcher.build();
  }

  private Result run(Object... words) throws IOException, InterruptedException {
    Result result = Launcher.run(directory, words);
    assertThat(result.status()).as(result.err()).isZero();
    return result;
  }

  private Vm devices(TestedQemu version) throws IOException {
    List<String> words = new ArrayList<>(List.of(version.binary().toString(), "-accel", "tcg"));
    words.addAll(List.of(DEVICES.split(" ")));
    return Vm.start(directory, "vm", words);
  }

  /** A guest with memory above 4 GiB, whose processor is in 64-bit mode. */
  private Vm memory(TestedQemu version) throws IOException, InterruptedException {
    Path serial = directory.resolve("serial");
    List<String> words =
        new ArrayList<>(
            Vm.command(
                version.binary(), Vm.image(directory, USED_MEBIBYTES), 128, "file:" + serial));
    words.replaceAll(
        word -> word.equals("pc-i440fx-7.2") ? "pc-q35-7.2,max-ram-below-4g=64M" : word);
    Vm vm = Vm.start(directory, "vm", words);
    Vm.awaitRound(serial, 2);
    return vm;
  }

  @ParameterizedTest
  @EnumSource
  void devicesAsQemusOwnScriptShowsThem(TestedQemu version)
      throws IOException, InterruptedException {
    String script = System.getenv("FIXEDRAM_ANALYZE");
    assumeTrue(script != null, "FIXEDRAM_ANALYZE names no analyze-migration.py of QEMU 10");
    Path save = directory.resolve("save");
    Path stream = directory.resolve("stream");
    try (Vm vm = devices(version)) {
      run("save", "--qmp", vm.qmp(), "--via", "stream", save);
    }
    run("convert", save, stream, "--to", "stream");
    Path wanted = directory.resolve("wanted");
    Process python =
        new ProcessBuilder("python3", String.valueOf(script), "-f", stream.toString())
            .redirectOutput(wanted.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(python.waitFor()).isZero();
    Object told = comparable(Json.parse(Files.readString(wanted)).raw());
    assertThat(comparable(Json.parse(run("analyze", save).out()).raw())).isEqualTo(told);
    assertThat(comparable(Json.parse(run("analyze", stream, "--output", "json").out()).raw()))
        .isEqualTo(told);
    assertThat(run("diff", save, stream).out()).isEqualTo("no difference\n");
    assertThat(run("diff", save, stream, "--devices").out()).isEmpty();
    assertThat(run("analyze", save, "--device", "*virtio-net*").out())
        .contains("virtio-net (")
        .doesNotContain("virtio-blk (");
  }

  /** The script takes some unsigned numbers as signed ones, and appends the negative value. */
  private static Object comparable(Object value) {
    return switch (value) {
      case String text -> text.replaceFirst("^(0x[0-9a-f]+) \\(-\\d+\\)$", "$1");
      case List<?> list -> list.stream().map(InspectTest::comparable).toList();
      case Map<?, ?> map -> {
        Map<Object, Object> all = new LinkedHashMap<>();
        map.forEach((key, each) -> all.put(key, comparable(each)));
        yield all;
      }
      default -> value;
    };
  }

  /** A save in place has names only, and processors. */
  @ParameterizedTest
  @EnumSource
  void processorsOfSavesInPlace(TestedQemu version) throws IOException, InterruptedException {
    Path save = directory.resolve("save");
    try (Vm vm = devices(version)) {
      run("save", "--qmp", vm.qmp(), "--via", "memory", save);
      Json processors = Json.parse(run("analyze", save, "--registers", "--output", "json").out());
      assertThat(processors.get("processors").items()).hasSize(2);
      // QEMU's own words: EIP=0000fff0 EFL=00000002 ...
      String registers = vm.monitor("info registers");
      for (String name : List.of("rip", "rdx")) {
        String digits = processors.get("processors").items().getFirst().get(name).text();
        assertThat(registers.toLowerCase(Locale.ROOT))
            .containsPattern("[er]" + name.substring(1) + "=0*" + digits.replaceFirst("^0+", ""));
      }
      Json listed = Json.parse(run("analyze", save, "--list", "--output", "json").out());
      Json now = Json.parse(run("analyze", "--qmp", vm.qmp(), "--list", "--output", "json").out());
      assertThat(listed.toString()).isEqualTo(now.toString()).contains("virtio-net");
    }
    Result state = run("analyze", save);
    assertThat(state.err()).contains("has no description of its fields");
    assertThat(Json.parse(state.out()).members().keySet())
        .anyMatch(name -> name.startsWith("cpu ("));
  }

  /** Segments of memory, and the notes, of a core file. */
  private record Core(Map<Long, byte[]> memory, String notes) {
    static Core read(Path file) throws IOException {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      Map<Long, byte[]> memory = new LinkedHashMap<>();
      String notes = "";
      for (int i = 0; i < bytes.getShort(56); i++) {
        int at = (int) bytes.getLong(32) + 56 * i;
        int offset = (int) bytes.getLong(at + 8);
        byte[] content =
            Arrays.copyOfRange(bytes.array(), offset, offset + (int) bytes.getLong(at + 32));
        if (bytes.getInt(at) == 1) {
          memory.put(bytes.getLong(at + 24), content);
        } else {
          notes = HexFormat.of().formatHex(content);
        }
      }
      return new Core(memory, notes);
    }
  }

  @ParameterizedTest
  @EnumSource
  void memoryAsQemuDumpsIt(TestedQemu version) throws IOException, InterruptedException {
    Path save = directory.resolve("save");
    Path dump = directory.resolve("dump");
    Path core = directory.resolve("core");
    try (Vm vm = memory(version)) {
      vm.execute("stop", Map.of());
      vm.execute("dump-guest-memory", Map.of("paging", false, "protocol", "file:" + dump));
      run("save", "--qmp", vm.qmp(), "--via", "memory", save);
      Core wanted = Core.read(dump);
      for (List<?> from : List.of(List.of(save), List.of("--qmp", vm.qmp()))) {
        Files.deleteIfExists(core);
        List<Object> words = new ArrayList<>(List.of("export"));
        words.addAll(from);
        words.addAll(List.of("--to", "elf", "-o", core));
        run(words.toArray());
        Core written = Core.read(core);
        assertThat(written.memory().keySet())
            .isEqualTo(wanted.memory().keySet())
            .contains(1L << 32);
        written
            .memory()
            .forEach((address, content) ->
                assertThat(Arrays.equals(content, wanted.memory().get(address)))
                    .as("memory at 0x%x", address)
                    .isTrue());
        assertThat(written.notes()).isEqualTo(wanted.notes());
      }
      assertThat(run("diff", save, "qmp:" + vm.qmp()).out()).isEqualTo("no difference\n");
      bytesAsQemuSavesThem(vm, save);
      vm.execute("cont", Map.of());
      Vm.awaitRound(directory.resolve("serial"), 4);
      Result changed = run("diff", save, "qmp:" + vm.qmp(), "--stop", "--output", "json");
      assertThat(Json.parse(changed.out()).get("blocks").items())
          .anyMatch(block -> block.get("changed").number() > 0);
      assertThat(vm.status()).isEqualTo("running");
    }
    openedByGdb(core);
  }

  private void bytesAsQemuSavesThem(Vm vm, Path save) throws IOException, InterruptedException {
    Path file = directory.resolve("bytes");
    for (long address : new long[] {0xf0000, 16 << 20, 1L << 32, 0xfffffff0L - 16}) {
      Files.deleteIfExists(file);
      vm.execute("pmemsave", Map.of("val", address, "size", 32, "filename", file.toString()));
      byte[] wanted = Files.readAllBytes(file);
      for (Object from : List.of(save, "qmp:" + vm.qmp())) {
        String shown =
            run("read", from, "--gpa", Long.toString(address), "--length", "32", "--output", "json")
                .out();
        assertThat(Json.parse(shown).get("bytes").text())
            .isEqualTo(HexFormat.of().formatHex(wanted));
      }
      Files.deleteIfExists(file);
      if (address < 1L << 30) {
        vm.execute("memsave", Map.of("val", address, "size", 32, "filename", file.toString()));
        String shown =
            run(
                    "read",
                    save,
                    "--virtual",
                    "0x" + Long.toHexString(address),
                    "--length",
                    "32",
                    "--output",
                    "json")
                .out();
        assertThat(Json.parse(shown).get("bytes").text())
            .isEqualTo(HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    Path block = directory.resolve("bios");
    run("extract", save, "pc.bios", "-o", block);
    String found =
        run("find", save, "SeaBIOS", "--limit", "1", "--output", "json", "--context", "4").out();
    Json hit = Json.parse(found).get("found").items().getFirst();
    byte[] inFile = Files.readAllBytes(save);
    int offset = (int) hit.get("file_offset").number();
    assertThat(new String(inFile, offset, 7, StandardCharsets.US_ASCII)).isEqualTo("SeaBIOS");
    assertThat(Files.readString(block, StandardCharsets.ISO_8859_1)).contains("SeaBIOS");
  }

  private static void openedByGdb(Path core) throws IOException, InterruptedException {
    Optional<Path> gdb = Optional.of(Path.of("/usr/bin/gdb")).filter(Files::isExecutable);
    if (gdb.isEmpty()) {
      return;
    }
    Process process =
        new ProcessBuilder(
                gdb.get().toString(),
                "-batch",
                "-nx",
                "-c",
                core.toString(),
                "-ex",
                "info registers",
                "-ex",
                "x/2xb 0xfffffff0")
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(out).contains("rip ").contains("0xfffffff0:\t0xea\t0x5b");
  }

  @Test
  void whatCannotBeShown() throws IOException, InterruptedException {
    Path none = directory.resolve("none");
    Result missing = Launcher.run(directory, "read", none, "--gpa", "0");
    assertThat(missing.status()).isEqualTo(1);
    assertThat(missing.err()).startsWith("fixedram: ").hasLineCount(1);
    Files.writeString(none, "no save");
    for (List<String> words :
        List.of(
            List.of("analyze"),
            List.of("diff", "", none.toString()),
            List.of("find", "", "x"),
            List.of("extract", "", "pc.ram", "-o", none + ".out"),
            List.of("export", "", "--to", "raw", "-o", none + ".out"))) {
      List<Object> command = new ArrayList<>(words);
      command.replaceAll(word -> word.equals("") ? none : word);
      if (command.size() == 1) {
        command.add(none);
      }
      Result refused = Launcher.run(directory, command.toArray());
      assertThat(refused.status()).as(refused.err()).isEqualTo(3);
      assertThat(refused.err()).startsWith("fixedram: ").hasLineCount(1);
    }
    assertThat(none.resolveSibling("none.out")).doesNotExist();
    assertThat(Launcher.run(directory, "read", none).status()).isEqualTo(2);
    assertThat(Launcher.run(directory, "analyze").status()).isEqualTo(2);
    assertThat(Launcher.run(directory, "find", none).status()).isEqualTo(2);
    assertThat(Launcher.run(directory, "find", none, "--hex", "xy").status()).isEqualTo(2);
    assertThat(Launcher.run(directory, "find", none, "--regex", "(").status()).isEqualTo(2);
  }
}
