// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.Collection;
import java.util.Optional;

/** Suggests the name that was probably meant by a mistyped one. */
public final class NearestName {
  private NearestName() {}

  /**
   * The name with the smallest edit distance; empty if no name is close enough for a typing error.
   */
  public static Optional<String> of(String typed, Collection<String> names) {
    Optional<String> nearest = Optional.empty();
    int minDistance = Math.max(1, typed.length() / 3) + 1;
    for (String name : names) {
      boolean begun = typed.length() >= 2 && name.startsWith(typed);
      int distance = begun ? 1 : distance(typed, name);
      if (distance < minDistance) {
        minDistance = distance;
        nearest = Optional.of(name);
      }
    }
    return nearest;
  }

  /**
   * Edit distance: number of insertions, deletions, replacements and swaps of neighbouring letters.
   */
  private static int distance(String a, String b) {
    int[][] steps = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          steps[i][j] = i + j;
          continue;
        }
        int replaced = steps[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        steps[i][j] = Math.min(replaced, 1 + Math.min(steps[i - 1][j], steps[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          steps[i][j] = Math.min(steps[i][j], steps[i - 2][j - 2] + 1);
        }
      }
    }
    return steps[a.length()][b.length()];
  }
}
