// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.inspect;

import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Patterns for names, in which * stands for any characters and ? for one. */
final class Glob {
  private Glob() {}

  static Predicate<String> of(String glob) {
    StringBuilder expression = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char each = glob.charAt(i);
      switch (each) {
        case '*' -> expression.append(".*");
        case '?' -> expression.append('.');
        default -> expression.append(Pattern.quote(String.valueOf(each)));
      }
    }
    return Pattern.compile(expression.toString(), Pattern.DOTALL).asMatchPredicate();
  }
}
