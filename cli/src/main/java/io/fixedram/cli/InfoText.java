// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli;

import io.fixedram.cli.console.Amounts;
import io.fixedram.cli.console.Printable;
import io.fixedram.cli.console.SignatureText;
import io.fixedram.cli.console.Table;
import io.fixedram.store.BlockInfo;
import io.fixedram.store.SaveInfo;
import java.nio.file.Path;
import java.util.List;

/** Text form of a save's description. */
final class InfoText {
  private static final String INDENT = "  ";

  private InfoText() {}

  static String of(Path file, SaveInfo info) {
    long present = 0;
    for (BlockInfo block : info.blocks()) {
      present += presentBytes(block);
    }
    StringBuilder out = new StringBuilder();
    out.append(Printable.line(file.toString()))
        .append(": ")
        .append(info.format().text())
        .append(", ");
    out.append(info.complete() ? "complete" : "NOT COMPLETE").append('\n');
    fact(out, "machine", info.machine());
    fact(
        out,
        "RAM",
        Amounts.bytes(info.ramBytes())
            + " in "
            + (info.blocks().size() == 1 ? "1 block" : info.blocks().size() + " blocks")
            + ", "
            + Amounts.bytes(present)
            + " present");
    String described = info.described() || !info.complete() ? "" : ", its fields not described";
    fact(out, "device state", Amounts.bytes(info.deviceStateBytes()) + described);
    fact(
        out,
        "file",
        Amounts.bytes(info.fileBytes())
            + " long ("
            + Amounts.exact(info.fileBytes())
            + " bytes), "
            + Amounts.bytes(info.diskBytes())
            + " on disk");
    fact(
        out,
        "checksums",
        info.seal().map(seal -> "of " + seal.writer() + ", save " + seal.id()).orElse("none"));
    fact(
        out,
        "signed",
        switch (SignatureText.of(info.seal())) {
          case NONE -> "no";
          case NOT_CHECKED -> "yes, not checked (--key-file does)";
          case CHECKED -> "yes, with the given key";
        });
    List<String> capabilities =
        info.capabilities().stream().filter(name -> !name.equals(info.format().text())).toList();
    if (!capabilities.isEmpty()) {
      fact(out, "capabilities", String.join(", ", capabilities));
    }
    if (!info.blocks().isEmpty()) {
      out.append('\n').append(table(info.blocks()));
    }
    return out.toString();
  }

  private static void fact(StringBuilder out, String name, String value) {
    out.append(INDENT)
        .append(name)
        .repeat(' ', 14 - name.length())
        .append(Printable.line(value))
        .append('\n');
  }

  private static String table(List<BlockInfo> blocks) {
    Table table = new Table();
    table.row("RAM block", "size", "present", "share", "zero", "pages at");
    for (BlockInfo block : blocks) {
      long present = presentBytes(block);
      table.row(
          block.name(),
          Amounts.bytes(block.usedLength()),
          Amounts.bytes(present),
          Amounts.share(present, block.usedLength()),
          Amounts.bytes(Math.max(0, block.usedLength() - present)),
          block.pagesOffset().isPresent()
              ? "0x" + Long.toHexString(block.pagesOffset().getAsLong())
              : "-");
    }
    return table.text(INDENT);
  }

  private static long presentBytes(BlockInfo block) {
    return Math.min(block.present() * block.pageSize(), block.usedLength());
  }
}
