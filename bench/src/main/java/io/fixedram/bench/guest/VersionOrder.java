// SPDX-License-Identifier: Apache-2.0
package io.fixedram.bench.guest;

import java.io.Serial;
import java.io.Serializable;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Order of versions, and of names that end in a version: sequences of digits compare as numbers,
 * and a tilde, which marks pre-releases (deb-version(7)), sorts before everything, also before the
 * end.
 */
final class VersionOrder implements Comparator<String>, Serializable {
  @Serial private static final long serialVersionUID = 1L;

  private static final Pattern PART = Pattern.compile("[0-9]+|[^0-9]");

  /** Stands for the end of a version: sorts after a tilde and before everything else. */
  private static final String END = "";

  @Override
  public int compare(String left, String right) {
    List<String> lefts = parts(left);
    List<String> rights = parts(right);
    for (int i = 0; i < Math.max(lefts.size(), rights.size()); i++) {
      int order = compareParts(part(lefts, i), part(rights, i));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private static List<String> parts(String text) {
    return PART.matcher(text).results().map(MatchResult::group).toList();
  }

  private static String part(List<String> parts, int index) {
    return index < parts.size() ? parts.get(index) : END;
  }

  private static int compareParts(String left, String right) {
    if (isNumber(left) && isNumber(right)) {
      return new BigInteger(left).compareTo(new BigInteger(right));
    }
    if (left.equals("~") || right.equals("~")) {
      return Boolean.compare(right.equals("~"), left.equals("~"));
    }
    return left.compareTo(right);
  }

  private static boolean isNumber(String part) {
    return !part.isEmpty() && Character.isDigit(part.charAt(0));
  }
}
