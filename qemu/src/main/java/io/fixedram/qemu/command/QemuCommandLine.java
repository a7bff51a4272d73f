// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The words of a command that starts a QEMU, perhaps through other programs (sudo, numactl, env).
 * QEMU is recognized by the name of its program; if there is none, the command has no known
 * options. Immutable.
 */
public final class QemuCommandLine {
  /**
   * Options without a value, of QEMU 4.0 to 10. For all other options the next word is the value,
   * unless it looks like an option.
   */
  private static final Set<String> FLAGS =
      Set.of(
          "S",
          "alt-grab",
          "audio-help",
          "async-teardown",
          "ctrl-grab",
          "curses",
          "daemonize",
          "enable-fips",
          "enable-kvm",
          "enable-sync-profile",
          "full-screen",
          "h",
          "help",
          "jitdump",
          "mem-prealloc",
          "no-acpi",
          "no-fd-bootchk",
          "no-frame",
          "no-hpet",
          "no-kvm",
          "no-quit",
          "no-reboot",
          "no-shutdown",
          "no-user-config",
          "nodefaults",
          "nographic",
          "old-param",
          "one-insn-per-tb",
          "only-migratable",
          "perfmap",
          "portrait",
          "preconfig",
          "s",
          "sdl",
          "semihosting",
          "show-cursor",
          "singlestep",
          "snapshot",
          "usb",
          "version",
          "win2k-hack",
          "xen-attach",
          "xen-domid-restrict");

  /** Options whose value may look like an option. */
  private static final Set<String> ANY_VALUE = Set.of("append", "kernel", "initrd", "name");

  private final List<String> words;
  private final int programIndex;
  private final List<Option> options;

  /**
   * An option.
   *
   * @param index index of its word
   * @param name name without dashes; M is replaced by machine
   * @param valueIndex index of the word with the value; empty if the option has none
   * @param value the value; empty text if the option has none
   */
  public record Option(int index, String name, Optional<Integer> valueIndex, String value) {
    /** The value split into properties. */
    public OptionValue parts(String firstKey) {
      return OptionValue.parse(value, firstKey);
    }
  }

  private QemuCommandLine(List<String> words, int programIndex) {
    this.words = List.copyOf(words);
    this.programIndex = programIndex;
    this.options = programIndex < words.size() ? parse(words, programIndex + 1) : List.of();
  }

  /** Reads a command. */
  public static QemuCommandLine of(List<String> words) {
    int program = 0;
    while (program < words.size() && !isQemu(words.get(program))) {
      program++;
    }
    return new QemuCommandLine(words, program);
  }

  private static boolean isQemu(String word) {
    // An option of another program, or a variable assignment for env.
    if (word.startsWith("-") || word.matches("(?s)[A-Za-z_][A-Za-z0-9_]*=.*")) {
      return false;
    }
    String name = word.substring(word.lastIndexOf('/') + 1);
    return name.matches("qemu-system-\\S+|qemu-kvm|kvm");
  }

  private static List<Option> parse(List<String> words, int from) {
    List<Option> options = new ArrayList<>();
    for (int i = from; i < words.size(); i++) {
      String word = words.get(i);
      if (word.length() < 2 || word.charAt(0) != '-') {
        continue;
      }
      String name = word.substring(word.startsWith("--") ? 2 : 1);
      boolean hasValue =
          i + 1 < words.size()
              && !FLAGS.contains(name)
              && (ANY_VALUE.contains(name) || !looksLikeAnOption(words.get(i + 1)));
      options.add(
          new Option(
              i,
              name.equals("M") ? "machine" : name,
              hasValue ? Optional.of(i + 1) : Optional.empty(),
              hasValue ? words.get(i + 1) : ""));
      if (hasValue) {
        i++;
      }
    }
    return options;
  }

  private static boolean looksLikeAnOption(String word) {
    return word.matches("--?[a-zA-Z][a-zA-Z0-9_-]*");
  }

  /** The path of QEMU's program; empty if the command has none. */
  public Optional<Path> program() {
    return programIndex < words.size()
        ? Optional.of(Path.of(words.get(programIndex)))
        : Optional.empty();
  }

  /** All options, in their order. */
  public List<Option> options() {
    return options;
  }

  /** Indexes of the words that are neither options nor their values, which are images of disks. */
  public List<Integer> images() {
    List<Integer> images = new ArrayList<>();
    for (int i = programIndex + 1; i < words.size(); i++) {
      int index = i;
      if (options.stream()
          .noneMatch(option ->
              option.index == index || option.valueIndex.filter(at -> at == index).isPresent())) {
        images.add(i);
      }
    }
    return List.copyOf(images);
  }

  /** All options with a name, in their order. */
  public Stream<Option> all(String name) {
    return options.stream().filter(option -> option.name.equals(name));
  }

  /** Whether there is an option with a name. */
  public boolean has(String name) {
    return all(name).findAny().isPresent();
  }

  /** The drivers of all devices, in lower case. */
  Stream<String> drivers() {
    return all("device")
        .flatMap(device -> device.parts("driver").find("driver").stream())
        .map(driver -> driver.toLowerCase(Locale.ROOT));
  }

  /** A copy with another value for one of the options, which must have a value. */
  QemuCommandLine replacing(Option option, String value) {
    List<String> changed = new ArrayList<>(words);
    changed.set(option.valueIndex.orElseThrow(), value);
    return new QemuCommandLine(changed, programIndex);
  }

  /** A copy with more words at the end. */
  QemuCommandLine adding(String... more) {
    List<String> longer = new ArrayList<>(words);
    longer.addAll(Arrays.asList(more));
    return new QemuCommandLine(longer, programIndex);
  }

  /** All words. */
  public List<String> words() {
    return words;
  }
}
