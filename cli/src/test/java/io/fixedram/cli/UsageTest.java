// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What is wrong usage ends with status 2 and one sentence, before anything is done. */
class UsageTest {
  /** A command line, and the sentence that it earns. */
  private record Refusal(String line, String sentence) {}

  private static final List<Refusal> REFUSALS =
      List.of(
          new Refusal("", "give a command; 'fixedram --help' lists them"),
          new Refusal("infoo f", "there is no command 'infoo'; did you mean 'info'?"),
          new Refusal("sav f", "there is no command 'sav'; did you mean 'save'?"),
          new Refusal("covnert", "there is no command 'covnert'; did you mean 'convert'?"),
          new Refusal("hibernate", "there is no command 'hibernate'; 'fixedram --help' lists them"),
          new Refusal(
              "frobnicate f", "there is no command 'frobnicate'; 'fixedram --help' lists them"),
          new Refusal("analyze", "analyze: FILE is missing"),
          new Refusal("extract f -o g", "extract: BLOCK is missing"),
          new Refusal("find f", "find: TEXT is missing"),
          new Refusal(
              "find f x y", "find: 'y' is unexpected: the command takes only FILE and TEXT"),
          new Refusal("find f --hex x", "find: --hex takes pairs of hexadecimal digits"),
          new Refusal("read f", "read: give one of --gpa, --virtual and --block"),
          new Refusal(
              "read f --gpa x", "read: --gpa takes a number such as 0x1000 or 4096, not 'x'"),
          new Refusal("read f --gpa 0 --stop", "read: --stop and --pid go with --qmp"),
          new Refusal("export f -o g", "export: --to elf|raw|lime is missing"),
          new Refusal(
              "-v info f",
              "the command comes first, then its options; 'fixedram --help' lists them"),
          // save
          new Refusal("save f", "save: --qmp ADDR is missing"),
          new Refusal("save --qmp q", "save: FILE is missing"),
          new Refusal("save --qmp q f g", "save: 'g' is unexpected: the command takes only FILE"),
          new Refusal("save f --qmp", "save: --qmp needs a value: ADDR"),
          new Refusal("save --qmp --stop f", "save: --qmp needs a value: ADDR"),
          new Refusal("save --qmp= f", "save: the value of --qmp is empty"),
          new Refusal("save --qmp q --qmp r f", "save: --qmp was given twice: q, r"),
          new Refusal("save --qmp - f", "save: --qmp takes a socket, not -"),
          new Refusal("save --qmp unix: f", "save: --qmp: 'unix:' names no socket: give unix:PATH"),
          new Refusal(
              "save --qmp tcp:host f",
              "save: --qmp: 'tcp:host' is not tcp:HOST:PORT (an IPv6 address goes in brackets)"),
          new Refusal("save --qmp q -", "save: FILE must be a file here, not -"),
          new Refusal(
              "save --qmp q f --then stop", "save: --then takes pause, resume or quit, not 'stop'"),
          new Refusal("save --qmp q f --then", "save: --then needs a value: pause, resume or quit"),
          new Refusal(
              "save --qmp q f --format stream",
              "save: --format takes mapped-ram or fixed-ram, not 'stream'"),
          new Refusal("save --qmp q f --align 2M", "save: --align takes 4M, 1M or page, not '2M'"),
          new Refusal(
              "save --qmp q f --direct-io yes",
              "save: --direct-io takes auto, on or off, not 'yes'"),
          new Refusal(
              "save --qmp q f --max-passes -1",
              "save: --max-passes takes a whole number from 0, not '-1'"),
          new Refusal(
              "save --qmp q f --max-passes many",
              "save: --max-passes takes a whole number from 0, not 'many'"),
          new Refusal(
              "save --qmp q f --budget 1.5G",
              "save: --budget takes a whole number of bytes, or one with K, M, G or T behind it, not"
                  + " '1.5G'"),
          new Refusal(
              "save --qmp q f --budget -1",
              "save: --budget takes a whole number of bytes, or one with K, M, G or T behind it, not"
                  + " '-1'"),
          new Refusal(
              "save --qmp q f --max-passes 3000000000",
              "save: --max-passes takes a whole number from 0, not '3000000000'"),
          new Refusal(
              "save --qmp q f --max-downtime 1",
              "save: --max-downtime takes a time such as 300ms or 1.5s, not '1'"),
          new Refusal(
              "save --qmp q f --max-downtime 0s",
              "save: --max-downtime takes a time such as 300ms or 1.5s, not '0s'"),
          new Refusal(
              "save --qmp q f --stop --max-downtime 1s",
              "save: --stop and --max-downtime cannot be used together"),
          new Refusal("save --qmp q f --pid 0", "save: --pid takes a whole number from 1, not '0'"),
          new Refusal(
              "save --qmp q f --formt fixed-ram",
              "save: there is no option --formt; did you mean --format?"),
          new Refusal(
              "save --qmp q f --pro", "save: there is no option --pro; did you mean --progress?"),
          new Refusal("save --qmp q f --lazy", "save: there is no option --lazy"),
          new Refusal("save --qmp q f -x", "save: there is no option -x"),
          new Refusal("save --qmp q f --detach", "save: there is no option --detach"),
          // restore
          new Refusal(
              "restore f",
              "restore: give the QEMU to restore into: -- QEMU-COMMAND, --same or --qmp ADDR"),
          new Refusal(
              "restore f --qmp q -- qemu",
              "restore: give only one of -- QEMU-COMMAND, --same and --qmp ADDR"),
          new Refusal(
              "restore f --same -- qemu",
              "restore: give only one of -- QEMU-COMMAND, --same and --qmp ADDR"),
          new Refusal("check f", "check: give the QEMU command to check: -- QEMU-COMMAND"),
          new Refusal("info f --show-secrets", "info: --show-secrets goes with --manifest"),
          new Refusal("restore f --", "restore: the QEMU command after -- is missing"),
          new Refusal("restore -- qemu", "restore: FILE is missing"),
          new Refusal(
              "restore f qemu -- qemu",
              "restore: 'qemu' is unexpected: the command takes only FILE"),
          new Refusal(
              "restore f --detach --qmp q",
              "restore: --detach goes with -- QEMU-COMMAND, not with --qmp"),
          new Refusal(
              "restore f --pid 1 -- qemu",
              "restore: --pid can only be used with --qmp: the process of a QEMU that is started"
                  + " here is known"),
          new Refusal(
              "restore f --via magic -- qemu",
              "restore: --via takes auto, instant, lazy, memory, native or stream, not 'magic'"),
          new Refusal(
              "restore f --vm-generation-id 1 -- qemu",
              "restore: --vm-generation-id takes 'new' or a UUID, not '1'"),
          new Refusal("restore - -- qemu", "restore: FILE must be a file here, not -"),
          // receive and send
          new Refusal("receive f", "receive: --listen ADDR is missing"),
          new Refusal(
              "receive f --listen tcp:x",
              "receive: --listen: 'tcp:x' is not tcp:HOST:PORT (an IPv6 address goes in"
                  + " brackets)"),
          new Refusal(
              "receive f --listen - --format raw",
              "receive: --format takes mapped-ram, fixed-ram or stream, not 'raw'"),
          new Refusal(
              "receive f --listen - --format stream --align 1M",
              "receive: --align cannot be used with a stream, whose pages have no fixed places"),
          new Refusal(
              "receive f --listen - --format stream --direct-io on",
              "receive: --direct-io on cannot be used with a stream, which is never written"
                  + " directly"),
          new Refusal("receive - --listen -", "receive: FILE must be a file here, not -"),
          new Refusal("send f", "send: --connect ADDR is missing"),
          new Refusal("send --connect -", "send: FILE is missing"),
          new Refusal("send - --connect -", "send: FILE must be a file here, not -"),
          new Refusal(
              "send f --connect - --output json",
              "send: --output json cannot be used with --connect -, which writes the stream to"
                  + " standard output"),
          // convert
          new Refusal("convert f g", "convert: --to mapped-ram|fixed-ram|stream is missing"),
          new Refusal("convert --to stream", "convert: SOURCE is missing"),
          new Refusal("convert --to stream f", "convert: TARGET is missing"),
          new Refusal(
              "convert --to stream f g h",
              "convert: 'h' is unexpected: the command takes only SOURCE and TARGET"),
          new Refusal(
              "convert --to mapped-ram f -",
              "convert: only a stream can go to standard output: give --to stream, or a file as"
                  + " TARGET"),
          new Refusal(
              "convert --to stream f - --output json",
              "convert: --output json cannot be used with TARGET -, which writes the stream to"
                  + " standard output"),
          new Refusal(
              "convert --to qcow2 f g",
              "convert: --to takes mapped-ram, fixed-ram or stream, not 'qcow2'"),
          // info and what every command takes
          new Refusal("info", "info: FILE is missing"),
          new Refusal("info -", "info: FILE must be a file here, not -"),
          new Refusal("info -- -", "info: FILE must be a file here, not -"),
          new Refusal("info f -q -v", "info: --quiet and --verbose cannot be used together"),
          new Refusal("info f -q -p", "info: --quiet and --progress cannot be used together"),
          new Refusal(
              "info f -p --no-progress",
              "info: --progress and --no-progress cannot be used together"),
          new Refusal("info f --output xml", "info: --output takes human or json, not 'xml'"),
          new Refusal(
              "info f --outptu json", "info: there is no option --outptu; did you mean --output?"),
          new Refusal("info f --stop", "info: there is no option --stop"));

  @TestFactory
  Stream<DynamicTest> refusals() {
    return REFUSALS.stream()
        .map(refusal ->
            DynamicTest.dynamicTest(
                "fixedram " + refusal.line(),
                () -> {
                  Run run = Run.of(words(refusal.line()));
                  assertThat(run.err()).isEqualTo("fixedram: " + refusal.sentence() + "\n");
                  assertThat(run.status()).isEqualTo(2);
                  assertThat(run.out()).isEmpty();
                }));
  }

  @Test
  void emptyOperandIsRefused() {
    Run run = Run.of("info", "");
    assertThat(run.err()).isEqualTo("fixedram: info: FILE is empty\n");
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void versionIsOneLine() {
    Run run = Run.of("--version");
    assertThat(run.status()).isZero();
    assertThat(run.out()).matches("fixedram \\S+.*\n");
    assertThat(run.err()).isEmpty();
  }

  private static String[] words(String line) {
    return Arrays.stream(line.split(" ")).filter(word -> !word.isEmpty()).toArray(String[]::new);
  }
}
