// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.ArrayList;
import java.util.List;

/**
 * Specification of a command, from which the parser, the help and the manual page are derived.
 *
 * @param name the word after {@code fixedram}
 * @param summary summary in a few words, without a full stop
 * @param synopses one or more synopses, without the leading {@code fixedram NAME}
 * @param paragraphs description in detail
 * @param operands names of the operands
 * @param qemuCommand whether {@code --} may be followed by a command that is not parsed
 * @param ownOptions options of the command, without those of every command
 * @param exitStatuses exit statuses of the command
 * @param examples examples of its use
 */
public record CommandSpec(
    String name,
    String summary,
    List<String> synopses,
    List<String> paragraphs,
    List<String> operands,
    boolean qemuCommand,
    List<OptionSpec> ownOptions,
    List<StatusMeaning> exitStatuses,
    List<Example> examples) {

  /** End of the name of a last operand that may be given any number of times, at least once. */
  public static final String REPEATED = "...";

  /**
   * Begins the name of an operand that may be left out, with all behind it; the command itself
   * checks whether it is needed.
   */
  public static final String OPTIONAL = "[";

  /** An exit status and its meaning. */
  public record StatusMeaning(String status, String meaning) {}

  /** An example: a caption and the command lines. */
  public record Example(String caption, List<String> lines) {}

  /** The exit statuses of most commands. */
  public static final List<StatusMeaning> COMMON_EXIT_STATUSES =
      List.of(
          new StatusMeaning("0", "done"),
          new StatusMeaning("1", "failed; one sentence on standard error says why"),
          new StatusMeaning("2", "wrong usage"),
          new StatusMeaning(
              "3", "the file is damaged, incomplete, not a save, or not signed with the given key"),
          new StatusMeaning("130", "interrupted, and everything put back"));

  /** All options, including those of every command, in the order of the help. */
  public List<OptionSpec> allOptions() {
    List<OptionSpec> all = new ArrayList<>(ownOptions);
    all.addAll(CommonOptions.ALL);
    return all;
  }
}
