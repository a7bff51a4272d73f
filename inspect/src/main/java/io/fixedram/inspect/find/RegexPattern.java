// SPDX-License-Identifier: Apache-2.0
package io.fixedram.inspect.find;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A regular expression of Java, in which each byte is the character of its number (ISO 8859-1).
 * Matches of more than {@link #maxBytes} bytes are found up to that length or not at all. The time
 * for a search depends on the expression and has no limit.
 */
public final class RegexPattern implements BytePattern {
  private static final int MAX_BYTES = 4096;

  private final Pattern pattern;

  /**
   * Creates a pattern.
   *
   * @throws java.util.regex.PatternSyntaxException if it is not a regular expression
   */
  public RegexPattern(String expression) {
    this.pattern = Pattern.compile(expression, Pattern.DOTALL);
  }

  @Override
  public int maxBytes() {
    return MAX_BYTES;
  }

  @Override
  public boolean find(MemorySegment memory, long from, long end, long limit, Matches matches) {
    Matcher matcher = pattern.matcher(new Characters(memory, 0, (int) limit));
    matcher.useAnchoringBounds(false).useTransparentBounds(true);
    long at = from;
    while (at < end && matcher.region((int) at, (int) limit).find() && matcher.start() < end) {
      int length = Math.min(matcher.end() - matcher.start(), MAX_BYTES);
      if (length > 0 && !matches.found(matcher.start(), length)) {
        return false;
      }
      at = Math.max(matcher.end(), matcher.start() + 1);
    }
    return true;
  }

  /** Bytes as characters. */
  private record Characters(MemorySegment memory, int start, int end) implements CharSequence {
    @Override
    public int length() {
      return end - start;
    }

    @Override
    public char charAt(int index) {
      return (char) Byte.toUnsignedInt(memory.get(JAVA_BYTE, start + index));
    }

    @Override
    public CharSequence subSequence(int from, int to) {
      return new Characters(memory, start + from, start + to);
    }

    @Override
    public String toString() {
      char[] characters = new char[length()];
      for (int i = 0; i < characters.length; i++) {
        characters[i] = charAt(i);
      }
      return new String(characters);
    }
  }
}
