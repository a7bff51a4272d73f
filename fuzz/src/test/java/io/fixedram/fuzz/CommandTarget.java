// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.guest.RamBlocks;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.BlockPlace;
import io.fixedram.qemu.command.GenerationId;
import io.fixedram.qemu.command.InspectionCommand;
import io.fixedram.qemu.command.InstantCommand;
import io.fixedram.qemu.command.OptionValue;
import io.fixedram.qemu.command.QemuCommandLine;
import io.fixedram.qemu.manifest.SecretWords;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Command lines of QEMU, which may come from a manifest: a line with the name of a RAM block of the
 * save, then a word in each line. The name never becomes an option.
 */
final class CommandTarget implements FuzzTarget {
  private static final long RAM_BYTES = 64 << 20;

  @Override
  public String name() {
    return "command";
  }

  @Override
  public void read(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1).replace("\0", "");
    List<String> lines = List.of(text.split("\n", -1));
    if (lines.size() < 2) {
      return;
    }
    RamBlock block = new RamBlock(0, lines.getFirst(), RAM_BYTES);
    List<String> words = lines.subList(1, lines.size());
    SecretWords.masked(words);
    QemuCommandLine command = QemuCommandLine.of(words);
    GenerationId.apply(command, new UUID(1, 2)).words();
    InspectionCommand.of(command);
    SaveHeader header =
        new SaveHeader(Configuration.of("pc"), new RamBlocks(4096, List.of(block)), 2);
    InstantCommand.Target save =
        new InstantCommand.Target(
            Path.of("/save"), header, List.of(new BlockPlace(block, 64, 2048, 1 << 20)));
    InstantCommand instant = InstantCommand.of(command, save, _ -> false);
    if (instant.words().size() > words.size()) {
      check(instant.words(), block.name());
    }
  }

  private static void check(List<String> words, String name) {
    int machine = words.lastIndexOf("-machine");
    OptionValue value = OptionValue.parse(words.get(machine + 1), "type");
    if (!value.find("memory-backend").equals(Optional.of(name))
        || !value.only(Set.of("memory-backend")).text().equals(value.text())) {
      throw new AssertionError("the name of a block became options: " + words);
    }
  }

  @Override
  public List<byte[]> seeds() {
    return Stream.of(
            """
            pc.ram
            qemu-system-x86_64
            -m
            64
            -machine
            pc
            -drive
            file=a,,b,if=virtio\
            """,
            """
            /objects/m
            qemu-system-x86_64
            -m
            64
            -object
            memory-backend-ram,id=m,size=64M
            -machine
            memory-backend=m\
            """,
            """
            m
            qemu-system-x86_64
            -object
            {"qom-type":"memory-backend-ram","id":"m","size":67108864}
            -numa
            node,memdev=m
            -daemonize
            -chardev
            socket,id=c,path=/s
            -qmp
            unix:/q\
            """,
            """
            ram,x=y
            env
            qemu-system-x86_64
            -device
            vmgenid,guid=auto
            -incoming
            defer\
            """)
        .map(text -> text.getBytes(StandardCharsets.ISO_8859_1))
        .toList();
  }
}
