// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cli.args.ArgumentParser;
import io.fixedram.cli.args.UsageException;
import io.fixedram.cli.command.Command;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.GuestRestore;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveMode;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the commands understand. */
class CommandReadingTest {
  private static Command read(String name, String... words) {
    return Commands.command(
        name, ArgumentParser.parse(Commands.spec(name), List.of(words)).orElseThrow());
  }

  @Test
  void saveHasDefaults() {
    assertThat(read("save", "--qmp", "vm.sock", "vm.fram"))
        .isEqualTo(
            new SaveCommand(
                GuestSave.of(new Endpoint.Unix(Path.of("vm.sock")), Path.of("vm.fram"))
                    .format(SaveFormat.MAPPED_RAM)
                    .then(AfterSave.PAUSE)
                    .options(WriteOptions.defaults())
                    .maxPasses(30),
                true));
  }

  @Test
  void saveTakesAllItsOptionsOnBothSidesOfTheFile() {
    assertThat(
            read(
                "save",
                "--stop",
                "--then=quit",
                "--qmp",
                "tcp:[::1]:4444",
                "vm.fram",
                "--format",
                "fixed-ram",
                "--align",
                "page",
                "--direct-io",
                "off",
                "--no-sync",
                "--max-passes",
                "0",
                "--describe"))
        .isEqualTo(
            new SaveCommand(
                GuestSave.of(new Endpoint.Tcp("::1", 4444), Path.of("vm.fram"))
                    .format(SaveFormat.FIXED_RAM)
                    .stopFirst()
                    .then(AfterSave.QUIT)
                    .options(new WriteOptions(DirectMode.OFF, false, 1))
                    .maxPasses(0)
                    .described(),
                true));
  }

  @Test
  void saveUnderstandsEveryMode() {
    GuestSave plain = GuestSave.of(new Endpoint.Unix(Path.of("q")), Path.of("f"));
    assertThat(read("save", "--qmp", "q", "f", "--via", "auto"))
        .isEqualTo(new SaveCommand(plain.mode(SaveMode.AUTO), true));
    assertThat(read("save", "--qmp", "q", "f", "--via", "memory", "--pid", "12"))
        .isEqualTo(new SaveCommand(plain.mode(SaveMode.MEMORY).process(12), false));
    assertThat(read("save", "--qmp", "q", "f", "--via", "stream", "--max-downtime", "1.5s"))
        .isEqualTo(
            new SaveCommand(
                plain.mode(SaveMode.STREAM).maxDowntime(Duration.ofMillis(1500)), false));
    assertThat(read("save", "--qmp", "q", "f", "--max-downtime", "20ms"))
        .isEqualTo(new SaveCommand(plain.maxDowntime(Duration.ofMillis(20)), true));
  }

  @Test
  void saveTakesSizes() {
    GuestSave plain = GuestSave.of(new Endpoint.Unix(Path.of("q")), Path.of("f"));
    assertThat(read("save", "--qmp", "q", "f", "--budget", "0"))
        .isEqualTo(new SaveCommand(plain.asideBytes(0), true));
    assertThat(read("save", "--qmp", "q", "f", "--budget", "12345678901"))
        .isEqualTo(new SaveCommand(plain.asideBytes(12_345_678_901L), true));
    assertThat(read("save", "--qmp", "q", "f", "--budget", "3k"))
        .isEqualTo(new SaveCommand(plain.asideBytes(3 << 10), true));
    assertThat(read("save", "--qmp", "q", "f", "--budget", "999999T"))
        .isEqualTo(new SaveCommand(plain.asideBytes(999_999L << 40), true));
  }

  @Test
  void saveUnderstandsEveryAlignmentAndEnd() {
    GuestSave plain = GuestSave.of(new Endpoint.Unix(Path.of("q")), Path.of("f"));
    assertThat(read("save", "--qmp", "q", "f", "--align", "1M", "--direct-io", "on"))
        .isEqualTo(
            new SaveCommand(plain.options(new WriteOptions(DirectMode.ON, true, 1 << 20)), true));
    assertThat(read("save", "--qmp", "q", "f", "--align", "4M"))
        .isEqualTo(
            new SaveCommand(plain.options(new WriteOptions(DirectMode.AUTO, true, 4 << 20)), true));
    assertThat(read("save", "--qmp", "q", "f", "--then", "resume"))
        .isEqualTo(new SaveCommand(plain.then(AfterSave.RESUME), true));
  }

  @Test
  void restoreNeverLooksAtTheQemuCommand() {
    assertThat(
            read(
                "restore",
                "--paused",
                "vm.fram",
                "--detach",
                "--",
                "qemu",
                "--help",
                "--qmp",
                "x",
                "--",
                "--via",
                ""))
        .isEqualTo(
            new RestoreCommand(
                GuestRestore.of(
                        Path.of("vm.fram"),
                        List.of("qemu", "--help", "--qmp", "x", "--", "--via", ""))
                    .paused(),
                Path.of("vm.fram"),
                true,
                Optional.of(new RestoreCommand.Start(true, false))));
  }

  @Test
  void restoreIntoWaitingQemu() {
    GuestRestore plain = GuestRestore.of(Path.of("vm.fram"), new Endpoint.Unix(Path.of("q")));
    assertThat(read("restore", "vm.fram", "--qmp", "unix:q", "--via", "stream"))
        .isEqualTo(
            new RestoreCommand(
                plain.mode(RestoreMode.STREAM), Path.of("vm.fram"), false, Optional.empty()));
    for (RestoreMode mode : List.of(RestoreMode.NATIVE, RestoreMode.LAZY)) {
      assertThat(restore("vm.fram", "--qmp", "q", "--via", mode.text()))
          .isEqualTo(plain.mode(mode));
    }
  }

  private static GuestRestore restore(String... words) {
    return ((RestoreCommand) read("restore", words)).restore();
  }

  @Test
  void restoreKeepsQemusOutputOutOfTheJson() {
    RestoreCommand command =
        (RestoreCommand) read("restore", "vm.fram", "--output", "json", "--", "qemu", "a b");
    assertThat(command.start()).contains(new RestoreCommand.Start(false, true));
    assertThat(command.restore())
        .isEqualTo(GuestRestore.of(Path.of("vm.fram"), List.of("qemu", "a b")));
  }

  @Test
  void restoreGivesClonesAnIdOfTheirOwn() {
    GuestRestore plain = GuestRestore.of(Path.of("vm.fram"), List.of("qemu"));
    assertThat(withId("new")).isNotEqualTo(plain).isNotEqualTo(withId("new"));
    String id = "12345678-9ABC-def0-1122-334455667788";
    assertThat(withId(id)).isEqualTo(plain.generationId(UUID.fromString(id)));
    for (String wrong : List.of("auto", "1-2-3-4-5", id + "0")) {
      assertThatThrownBy(() -> withId(wrong))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("takes 'new' or a UUID");
    }
    assertThatThrownBy(() -> read("restore", "f", "--qmp", "q", "--vm-generation-id", "new"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("not with --qmp");
  }

  private static GuestRestore withId(String generationId) {
    return restore("vm.fram", "--vm-generation-id", generationId, "--", "qemu");
  }

  @Test
  void restoreTakesEachWay() {
    for (RestoreMode mode : List.of(RestoreMode.INSTANT, RestoreMode.NATIVE, RestoreMode.STREAM)) {
      assertThat(restore("f", "--via", mode.text(), "--", "qemu"))
          .isEqualTo(GuestRestore.of(Path.of("f"), List.of("qemu")).mode(mode));
    }
  }

  @Test
  void receiveAndSend() {
    assertThat(read("receive", "f", "--listen", "-", "--format", "stream", "--no-sync"))
        .isEqualTo(
            new ReceiveCommand(
                Optional.empty(),
                Path.of("f"),
                SaveFormat.STREAM,
                new WriteOptions(DirectMode.AUTO, false, 4 << 20)));
    assertThat(read("send", "f", "--connect", "tcp::4444"))
        .isEqualTo(
            new SendCommand(
                Path.of("f"), Optional.of(new Endpoint.Tcp("localhost", 4444)), Optional.empty()));
  }

  @Test
  void convertTakesStandardStreams() {
    assertThat(read("convert", "-", "g", "--to", "fixed-ram"))
        .isEqualTo(
            new ConvertCommand(
                Optional.empty(),
                Optional.empty(),
                Optional.of(Path.of("g")),
                SaveFormat.FIXED_RAM,
                WriteOptions.defaults(),
                false));
    assertThat(read("convert", "--to", "stream", "f", "-"))
        .isEqualTo(
            new ConvertCommand(
                Optional.of(Path.of("f")),
                Optional.empty(),
                Optional.empty(),
                SaveFormat.STREAM,
                WriteOptions.defaults(),
                false));
  }

  @Test
  void namesThatBeginWithDashesGoBehindTwoDashes() {
    assertThat(read("info", "-q", "--", "--help"))
        .isEqualTo(new InfoCommand(Path.of("--help"), false, false, Optional.empty()));
  }
}
