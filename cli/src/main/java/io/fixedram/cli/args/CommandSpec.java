// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.args;

import java.util.ArrayList;
import java.util.List;

/**
 * One command as a person meets it: the parser, the help and the manual page are all made from
 * this, so that they cannot disagree.
 *
 * @param name the word after {@code fixedram}
 * @param summary what it does, in a few words without a full stop
 * @param synopses one or more ways to call it, without the leading {@code fixedram NAME}
 * @param paragraphs what it does, at length
 * @param operands the names of its operands, all of which must be given
 * @param qemuCommand whether {@code --} may be followed by a command that is not parsed
 * @param ownOptions its options, without those that every command takes
 * @param exitStatuses its exit statuses
 * @param examples ways to use it
 */
public record CommandSpec(
    String name,
    String summary,
    List<String> synopses,
    List<String> paragraphs,
    List<String> operands,
    boolean qemuCommand,
    List<OptionSpec> ownOptions,
    List<ExitStatus> exitStatuses,
    List<Example> examples) {

  /** One exit status and what it tells. */
  public record ExitStatus(String status, String meaning) {}

  /** An example: what it shows, and the lines that one types. */
  public record Example(String caption, List<String> lines) {}

  /** The exit statuses of a command that has no others. */
  public static final List<ExitStatus> USUAL_EXIT_STATUSES =
      List.of(
          new ExitStatus("0", "done"),
          new ExitStatus("1", "it failed, and one sentence on standard error says why"),
          new ExitStatus("2", "wrong usage"),
          new ExitStatus("3", "the file is damaged, incomplete, or not one of ours"),
          new ExitStatus("130", "interrupted, and everything put back"));

  /** Its own options and those that every command takes, in the order of the help. */
  public List<OptionSpec> allOptions() {
    List<OptionSpec> all = new ArrayList<>(ownOptions);
    all.addAll(CommonOptions.ALL);
    return all;
  }
}
