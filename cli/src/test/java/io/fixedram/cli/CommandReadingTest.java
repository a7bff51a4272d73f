// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.cli.args.ArgumentParser;
import io.fixedram.cli.args.UsageException;
import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.restore.RestoreMode;
import io.fixedram.qemu.restore.RestoreRequest;
import io.fixedram.qemu.restore.RestoreTarget;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.SaveRequest;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.nio.file.Path;
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
                new SaveRequest(
                    new Endpoint.Unix(Path.of("vm.sock")),
                    Path.of("vm.fram"),
                    SaveFormat.MAPPED_RAM,
                    false,
                    AfterSave.PAUSE,
                    WriteOptions.defaults(),
                    30)));
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
                "--direct",
                "off",
                "--no-sync",
                "--max-passes",
                "0"))
        .isEqualTo(
            new SaveCommand(
                new SaveRequest(
                    new Endpoint.Tcp("::1", 4444),
                    Path.of("vm.fram"),
                    SaveFormat.FIXED_RAM,
                    true,
                    AfterSave.QUIT,
                    new WriteOptions(DirectMode.OFF, false, 1),
                    0)));
  }

  @Test
  void saveUnderstandsEveryAlignmentAndEnd() {
    assertThat(
            ((SaveCommand) read("save", "--qmp", "q", "f", "--align", "1M", "--direct", "on"))
                .request()
                .options())
        .isEqualTo(new WriteOptions(DirectMode.ON, true, 1 << 20));
    assertThat(
            ((SaveCommand) read("save", "--qmp", "q", "f", "--align", "4M"))
                .request()
                .options()
                .alignmentBytes())
        .isEqualTo(4 << 20);
    assertThat(((SaveCommand) read("save", "--qmp", "q", "f", "--then", "resume")).request().then())
        .isEqualTo(AfterSave.RESUME);
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
                new RestoreRequest(
                    Path.of("vm.fram"),
                    RestoreMode.AUTO,
                    true,
                    new RestoreTarget.Command(
                        List.of("qemu", "--help", "--qmp", "x", "--", "--via", ""))),
                true,
                false));
  }

  @Test
  void restoreIntoWaitingQemu() {
    assertThat(read("restore", "vm.fram", "--qmp", "unix:q", "--via", "stream"))
        .isEqualTo(
            new RestoreCommand(
                new RestoreRequest(
                    Path.of("vm.fram"),
                    RestoreMode.STREAM,
                    false,
                    new RestoreTarget.Running(new Endpoint.Unix(Path.of("q")))),
                false,
                false));
    assertThat(
            ((RestoreCommand) read("restore", "vm.fram", "--qmp", "q", "--via", "native"))
                .request()
                .mode())
        .isEqualTo(RestoreMode.NATIVE);
    assertThat(
            ((RestoreCommand) read("restore", "vm.fram", "--qmp", "q", "--via", "lazy"))
                .request()
                .mode())
        .isEqualTo(RestoreMode.LAZY);
  }

  @Test
  void restoreKeepsQemusOutputOutOfTheJson() {
    RestoreCommand command =
        (RestoreCommand) read("restore", "vm.fram", "--output", "json", "--", "qemu", "a b");
    assertThat(command.outputAside()).isTrue();
    assertThat(command.request().target())
        .isEqualTo(new RestoreTarget.Command(List.of("qemu", "a b")));
  }

  @Test
  void restoreGivesClonesAnIdOfTheirOwn() {
    assertThat(target("new").generationId()).isPresent();
    assertThat(target("new").generationId()).isNotEqualTo(target("new").generationId());
    String id = "12345678-9ABC-def0-1122-334455667788";
    assertThat(target(id).generationId()).contains(UUID.fromString(id));
    for (String wrong : List.of("auto", "1-2-3-4-5", id + "0")) {
      assertThatThrownBy(() -> target(wrong))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("takes 'new' or a UUID");
    }
    assertThatThrownBy(() -> read("restore", "f", "--qmp", "q", "--vm-generation-id", "new"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("not with --qmp");
  }

  private static RestoreTarget.Command target(String generationId) {
    RestoreCommand command =
        (RestoreCommand)
            read("restore", "vm.fram", "--vm-generation-id", generationId, "--", "qemu");
    return (RestoreTarget.Command) command.request().target();
  }

  @Test
  void restoreTakesEachWay() {
    for (RestoreMode mode : List.of(RestoreMode.INSTANT, RestoreMode.NATIVE, RestoreMode.STREAM)) {
      assertThat(
              ((RestoreCommand) read("restore", "f", "--via", mode.text(), "--", "qemu"))
                  .request()
                  .mode())
          .isEqualTo(mode);
    }
  }

  @Test
  void receiveAndSend() {
    assertThat(read("receive", "f", "--listen", "-", "--format", "stream", "--no-sync"))
        .isEqualTo(
            new ReceiveCommand(
                new Endpoint.StandardStreams(),
                Path.of("f"),
                SaveFormat.STREAM,
                new WriteOptions(DirectMode.AUTO, false, 4 << 20)));
    assertThat(read("send", "f", "--connect", "tcp::4444"))
        .isEqualTo(new SendCommand(Path.of("f"), new Endpoint.Tcp("localhost", 4444)));
  }

  @Test
  void convertTakesStandardStreams() {
    assertThat(read("convert", "-", "g", "--to", "fixed-ram"))
        .isEqualTo(
            new ConvertCommand(
                Optional.empty(),
                Optional.of(Path.of("g")),
                SaveFormat.FIXED_RAM,
                WriteOptions.defaults()));
    assertThat(read("convert", "--to", "stream", "f", "-"))
        .isEqualTo(
            new ConvertCommand(
                Optional.of(Path.of("f")),
                Optional.empty(),
                SaveFormat.STREAM,
                WriteOptions.defaults()));
  }

  @Test
  void namesThatBeginWithDashesGoBehindTwoDashes() {
    assertThat(read("info", "-q", "--", "--help")).isEqualTo(new InfoCommand(Path.of("--help")));
  }
}
