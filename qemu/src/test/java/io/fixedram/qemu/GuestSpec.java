// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import io.fixedram.qemu.guest.MemoryGuest;
import io.fixedram.qemu.guest.MemoryGuest.Region;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest to boot or to restore.
 *
 * @param machine a machine type that both QEMUs have
 * @param ramMebibytes its RAM
 * @param program what it runs
 * @param more further words of the command line
 */
public record GuestSpec(String machine, int ramMebibytes, MemoryGuest program, List<String> more) {

  /** 16 MiB of 64 in use, each page written every 4 generations. */
  public static GuestSpec small() {
    return new GuestSpec(
        "pc-i440fx-7.2", 64, new MemoryGuest(List.of(new Region(16 << 20, 4096)), 0), List.of());
  }

  public GuestSpec with(String... words) {
    List<String> all = new ArrayList<>(more);
    all.addAll(List.of(words));
    return new GuestSpec(machine, ramMebibytes, program, List.copyOf(all));
  }

  public GuestSpec on(String otherMachine) {
    return new GuestSpec(otherMachine, ramMebibytes, program, more);
  }

  public GuestSpec running(MemoryGuest other) {
    return new GuestSpec(machine, ramMebibytes, other, more);
  }

  public GuestSpec withRam(int mebibytes) {
    return new GuestSpec(machine, mebibytes, program, more);
  }

  /** The command line, without QMP. */
  public List<String> command(Path binary, Path directory, String name) {
    Path image = directory.resolve("guest.img");
    program.writeTo(image);
    List<String> words = new ArrayList<>();
    words.add(binary.toString());
    words.addAll(List.of("-accel", "tcg", "-machine", machine, "-m", ramMebibytes + "M"));
    words.addAll(List.of("-nodefaults", "-display", "none", "-vga", "none", "-no-reboot"));
    words.addAll(List.of("-drive", "format=raw,snapshot=on,file=" + image));
    words.addAll(List.of("-serial", "file:" + directory.resolve(name + ".serial")));
    words.addAll(more);
    return words;
  }
}
