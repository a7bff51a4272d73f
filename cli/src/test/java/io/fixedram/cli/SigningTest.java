// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.layout.SaveFormat;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.store.PageStore;
import io.fixedram.store.Saves;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Saves that are signed, and what is left of damaged ones. */
class SigningTest {
  @TempDir private Path directory;
  private Path plain = Path.of("");
  private Path signed = Path.of("");
  private Path key = Path.of("");
  private Path other = Path.of("");

  @BeforeEach
  void writeSaves() throws IOException {
    plain = TinySave.writeDescribed(directory.resolve("plain"), SaveFormat.MAPPED_RAM);
    signed = directory.resolve("signed");
    key = key("key", 1);
    other = key("other", 2);
  }

  private Path key(String name, int content) throws IOException {
    byte[] secret = new byte[32];
    secret[0] = (byte) content;
    Path file = Files.write(directory.resolve(name), secret);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private Run convert(Path from, Path to, Object... options) {
    return run("convert", with(options, from, to, "--to", "mapped-ram"));
  }

  private static Object[] with(Object[] more, Object... words) {
    Object[] all = new Object[words.length + more.length];
    System.arraycopy(words, 0, all, 0, words.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return all;
  }

  private static Run run(String command, Object... words) {
    String[] all = new String[words.length + 1];
    all[0] = command;
    for (int i = 0; i < words.length; i++) {
      all[i + 1] = words[i].toString();
    }
    return Run.of(all);
  }

  @Test
  void conversionsSign() {
    Run convert = convert(plain, signed, "--key-file", key);
    assertThat(convert.err()).isEmpty();
    assertThat(convert.out()).startsWith("converted " + plain).endsWith(", signed\n");
    TinySave.assertSame(signed, plain);
    Run verify = run("verify", signed, "--key-file", key);
    assertThat(verify.status()).isZero();
    assertThat(verify.out()).endsWith("; signature checked\n");
    assertThat(run("verify", signed).out()).endsWith("; signature not checked\n");
    assertThat(run("info", signed, "--key-file", key).out())
        .contains("\n  signed        yes, with the given key\n");
    assertThat(run("info", signed).out()).contains("\n  signed        yes, not checked (");
    assertThat(run("info", plain).out()).contains("\n  signed        no\n");
    Json json = Json.parse(run("info", signed, "--output", "json").out());
    assertThat(json.get("signed").flag()).isTrue();
    assertThat(json.get("signature").text()).isEqualTo("not checked");
    Run send = run("send", signed, "--connect", "-", "--key-file", key);
    assertThat(send.status()).isZero();
    assertThat(send.err()).endsWith("; signature checked\n");
  }

  @Test
  void nothingElseIsAccepted() {
    assertThat(convert(plain, signed, "--key-file", key).status()).isZero();
    Run unsigned = run("verify", signed, plain, "--key-file", key);
    assertThat(unsigned.status()).isEqualTo(3);
    assertThat(unsigned.out())
        .contains("; signature checked\n")
        .endsWith(plain + ": NOT SIGNED with the given key\n");
    assertThat(unsigned.err())
        .isEqualTo(
            "fixedram: "
                + plain
                + " is not signed, or has lost its end: only a save that is signed with the given"
                + " key is accepted; without --key-file it is read as any other\n");
    for (String command : new String[] {"info", "send", "restore", "check"}) {
      Object[] words =
          switch (command) {
            case "send" -> new Object[] {"--connect", "-"};
            case "restore", "check" -> new Object[] {"--", "false"};
            default -> new Object[0];
          };
      for (Path file : new Path[] {plain, signed}) {
        Run run = run(command, with(words, file, "--key-file", other));
        assertThat(run.status()).as("%s %s: %s", command, file, run.err()).isEqualTo(3);
        assertThat(run.err()).contains(file + " is not signed");
        assertThat(run.out()).isEmpty();
      }
    }
  }

  @Test
  void sourcesOfSignedConversions() {
    Path copy = directory.resolve("copy");
    assertThat(convert(plain, signed, "--key-file", key).status()).isZero();
    // One key for both, and another for the copy: that is how keys are changed.
    assertThat(convert(signed, copy, "--key-file", key).out())
        .endsWith(", signed; signature checked\n");
    assertThat(convert(signed, copy, "--key-file", other).status()).isEqualTo(3);
    assertThat(convert(signed, copy, "--key-file", other, "--source-key-file", key).out())
        .endsWith(", signed; signature checked\n");
    assertThat(run("verify", copy, "--key-file", other).status()).isZero();
    assertThat(convert(plain, copy, "--source-key-file", key).status()).isEqualTo(3);
    assertThat(convert(signed, copy).out()).endsWith("; signature not checked\n");
    assertThat(run("verify", copy, "--key-file", key).status()).isEqualTo(3);
  }

  @Test
  void filesAreSignedInPlace() {
    Path stream = TinySave.writeDescribed(directory.resolve("stream"), SaveFormat.STREAM);
    Path bare = directory.resolve("bare");
    assertThat(convert(stream, bare, "--align", "page").status()).isZero();
    Run seal = run("seal", bare, "--key-file", key);
    assertThat(seal.out()).startsWith("sealed and signed " + bare);
    assertThat(run("verify", bare, "--key-file", key).status()).isZero();
    Run again = run("seal", plain, "--key-file", key);
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err())
        .contains(
            "only a file that is not sealed is signed in place; 'fixedram convert --key-file");
  }

  @Test
  void usage() throws IOException {
    assertThat(convert(plain, signed, "--key-file", directory.resolve("none")).status())
        .isEqualTo(1);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(convert(plain, signed, "--key-file", key).err())
        .contains("other users have access to key file " + key);
    assertThat(convert(plain, signed, "--key-file", other, "--align", "page").err())
        .contains("--key-file cannot be used with --align page, which has no place");
    Run stream = run("convert", plain, signed, "--to", "stream", "--key-file", other);
    assertThat(stream.status()).isEqualTo(2);
    assertThat(stream.err()).contains("--key-file cannot be used with a stream");
    assertThat(run("convert", "-", signed, "--to", "mapped-ram", "--source-key-file", key).status())
        .isEqualTo(2);
    assertThat(convert(plain, signed, "--salvage", "--key-file", other).status()).isEqualTo(2);
    assertThat(run("convert", plain, "-", "--to", "stream", "--salvage").status()).isEqualTo(2);
    assertThat(signed).doesNotExist();
  }

  @Test
  void salvage() throws IOException {
    assertThat(convert(plain, signed, "--salvage").status()).isZero();
    TinySave.assertSame(signed, plain);
    long offset;
    try (PageStore save = Saves.open(plain)) {
      offset = save.places().getFirst().pagesOffset() + 2 * TinySave.PAGE_SIZE;
    }
    try (RandomAccessFile bytes = new RandomAccessFile(plain.toFile(), "rw")) {
      bytes.seek(offset + 100);
      bytes.write(0x5b);
    }
    String range =
        "memory of RAM block pc.ram at offset 8192 (4096 bytes at offset "
            + offset
            + " of the file)";
    Run run = convert(plain, signed, "--salvage");
    assertThat(run.status()).isEqualTo(3);
    assertThat(run.out()).startsWith("converted " + plain).endsWith("\n  " + range + "\n");
    assertThat(run.err())
        .isEqualTo(
            "fixedram: "
                + signed
                + " is complete, but "
                + plain
                + " is damaged: 1 range of it, 4 KiB, could not be taken\n");
    assertThat(run("verify", signed).status()).isZero();
    try (PageStore save = Saves.open(signed)) {
      assertThat(save.pages(save.blocks().getFirst()).stored().cardinality()).isEqualTo(1);
    }
    Json json = Json.parse(convert(plain, signed, "--salvage", "--output", "json").out());
    assertThat(json.get("damaged_ranges").number()).isEqualTo(1);
    assertThat(json.get("damaged_bytes").number()).isEqualTo(4096);
    assertThat(json.get("damage").items().getFirst().get("offset").number()).isEqualTo(8192);
  }
}
