// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Breaks between words. */
class TextWrapTest {
  @Test
  void linesAreFilledAndNotOverfilled() {
    assertThat(TextWrap.lines("aa bb cc dd", 5)).containsExactly("aa bb", "cc dd");
    assertThat(TextWrap.lines("aa bb cc dd", 4)).containsExactly("aa", "bb", "cc", "dd");
    assertThat(TextWrap.lines("aa", 5)).containsExactly("aa");
    assertThat(TextWrap.lines("", 5)).containsExactly("");
  }

  @Test
  void longWordsStayWhole() {
    assertThat(TextWrap.lines("a longword b", 4)).containsExactly("a", "longword", "b");
  }
}
