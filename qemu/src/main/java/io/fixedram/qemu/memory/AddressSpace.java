// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Snapshot of the memory mappings of a process.
 *
 * @param mappings the mappings in the order of their addresses
 */
public record AddressSpace(List<Mapping> mappings) {
  private static final Pattern HEAD =
      Pattern.compile(
          "([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([-rwxsp]{4}) ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\\d+)"
              + "\\s*(.*)");

  private static final String FLAGS = "VmFlags:";

  /** The current mappings of a process. */
  static AddressSpace of(ProcessFiles process) {
    return parse(process.text("smaps"));
  }

  /**
   * Parses the text of maps, or of smaps, which also has the flags. Of the many lines of smaps most
   * are only skipped, since this runs in a program that was just started, by interpreted code.
   */
  public static AddressSpace parse(String text) {
    List<Mapping> mappings = new ArrayList<>();
    int end;
    for (int at = 0; at < text.length(); at = end + 1) {
      end = text.indexOf('\n', at);
      if (end < 0) {
        end = text.length();
      }
      if (text.startsWith(FLAGS, at)) {
        if (!mappings.isEmpty()) {
          mappings.addLast(withFlags(mappings.removeLast(), text.substring(at, end)));
        }
      } else if (at < end && isHexDigit(text.charAt(at))) {
        Matcher head = HEAD.matcher(text).region(at, end);
        if (head.matches()) {
          mappings.add(mapping(head));
        }
      }
    }
    return new AddressSpace(List.copyOf(mappings));
  }

  /** Whether a line may begin with an address, which is in small letters. */
  private static boolean isHexDigit(char first) {
    return (first >= '0' && first <= '9') || (first >= 'a' && first <= 'f');
  }

  private static Mapping mapping(Matcher head) {
    return new Mapping(
        Long.parseUnsignedLong(head.group(1), 16),
        Long.parseUnsignedLong(head.group(2), 16),
        head.group(3),
        Long.parseUnsignedLong(head.group(4), 16),
        head.group(5) + " " + head.group(6),
        head.group(7),
        Set.of());
  }

  private static Mapping withFlags(Mapping mapping, String line) {
    // Without a pattern, which String's own splitting needs for more than one character.
    Set<String> flags = Set.copyOf(List.of(line.substring(FLAGS.length()).strip().split(" ")));
    return new Mapping(
        mapping.start(),
        mapping.end(),
        mapping.permissions(),
        mapping.fileOffset(),
        mapping.file(),
        mapping.label(),
        flags);
  }

  /** The mappings that cover a range, in order; empty if a part of the range is not mapped. */
  public Optional<List<Mapping>> covering(long start, long length) {
    List<Mapping> found = new ArrayList<>();
    long at = start;
    for (Mapping each : mappings) {
      if (at < start + length && each.contains(at)) {
        found.add(each);
        at = each.end();
      }
    }
    return at >= start + length && !found.isEmpty() ? Optional.of(found) : Optional.empty();
  }

  /** The mappings of the heap of malloc(3) in the main thread. */
  List<Mapping> heap() {
    return mappings.stream()
        .filter(each -> each.label().equals("[heap]") && each.isReadable())
        .toList();
  }
}
