// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Migration streams and saves put together byte by byte from what docs/format.md says, without any
 * of the code under test.
 */
public final class Bytes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Starts with nothing. */
  public Bytes() {}

  /** What was put together so far. */
  public byte[] toArray() {
    return out.toByteArray();
  }

  /** Number of bytes so far. */
  public int size() {
    return out.size();
  }

  /** One byte. */
  public Bytes u8(int value) {
    out.write(value);
    return this;
  }

  /** Two bytes, the higher one first. */
  public Bytes be16(int value) {
    return u8(value >>> 8).u8(value);
  }

  /** Four bytes, the highest one first. */
  public Bytes be32(long value) {
    return be16((int) (value >>> 16)).be16((int) value);
  }

  /** Eight bytes, the highest one first. */
  public Bytes be64(long value) {
    return be32(value >>> 32).be32(value);
  }

  /** Bytes as they are. */
  public Bytes raw(byte... bytes) {
    out.writeBytes(bytes);
    return this;
  }

  /** So many zeros. */
  public Bytes zeros(long count) {
    return raw(new byte[Math.toIntExact(count)]);
  }

  /** Zeros up to the next multiple. */
  public Bytes padTo(long multiple) {
    return zeros((multiple - size() % multiple) % multiple);
  }

  /** Characters as they are. */
  public Bytes text(String text) {
    return raw(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** A length byte and characters. */
  public Bytes name(String name) {
    return u8(name.length()).text(name);
  }

  /** "QEVM", 3. */
  public Bytes magic() {
    return be32(0x5145564d).be32(3);
  }

  /** Header and configuration; an empty capability stands for none. */
  public Bytes head(Configuration configuration, String layoutCapability) {
    magic().u8(7).be32(configuration.machine().length()).text(configuration.machine());
    configuration
        .targetPageBits()
        .ifPresent(bits -> subsection("configuration/target-page-bits").be32(bits));
    List<String> capabilities = new ArrayList<>(configuration.capabilities());
    if (!layoutCapability.isEmpty()) {
      capabilities.add(layoutCapability);
    }
    if (!capabilities.isEmpty()) {
      subsection("configuration/capabilities").be32(capabilities.size());
      capabilities.forEach(this::name);
    }
    configuration
        .uuid()
        .ifPresent(uuid ->
            subsection("configuration/uuid")
                .be64(uuid.getMostSignificantBits())
                .be64(uuid.getLeastSignificantBits()));
    return this;
  }

  /** Header and a configuration of nothing but a machine. */
  public Bytes head() {
    return head(Configuration.of("pc-i440fx-7.2"), "");
  }

  /** The start of a subsection of version 1. */
  public Bytes subsection(String name) {
    return u8(5).name(name).be32(1);
  }

  /** SECTION_START up to its payload. */
  public Bytes start(int id, String name, int version) {
    return u8(1).be32(id).name(name).be32(0).be32(version);
  }

  /** SECTION_START of "ram". */
  public Bytes startRam(int id) {
    return start(id, "ram", 4);
  }

  /** SECTION_PART up to its payload. */
  public Bytes part(int id) {
    return u8(2).be32(id);
  }

  /** SECTION_END up to its payload. */
  public Bytes end(int id) {
    return u8(3).be32(id);
  }

  /** SECTION_FULL up to its payload. */
  public Bytes full(int id, String name, int version) {
    return u8(4).be32(id).name(name).be32(0).be32(version);
  }

  /** The end of a section. */
  public Bytes footer(int id) {
    return u8(0x7e).be32(id);
  }

  /** A command to the destination. */
  public Bytes command(int command, byte... body) {
    return u8(8).be16(command).be16(body.length).raw(body);
  }

  /** The word that opens the list of blocks. */
  public Bytes memSize(long totalBytes) {
    return be64(totalBytes | 4);
  }

  /** An entry of the list of blocks. */
  public Bytes entry(RamBlock block) {
    name(block.name()).be64(block.usedLength());
    block.pageSize().ifPresent(this::be64);
    block.guestAddress().ifPresent(this::be64);
    return this;
  }

  /** The list of blocks of a sequential stream. */
  public Bytes list(List<RamBlock> blocks) {
    memSize(blocks.stream().mapToLong(RamBlock::usedLength).sum());
    blocks.forEach(this::entry);
    return this;
  }

  /** The end of a payload of "ram". */
  public Bytes eos() {
    return be64(0x10);
  }

  /** A record up to its body; without a block it continues that of the record before. */
  public Bytes record(long offset, int flag, Optional<RamBlock> block) {
    if (block.isEmpty()) {
      return be64(offset | flag | 0x20);
    }
    return be64(offset | flag).name(block.get().name());
  }

  /** A whole sequential stream of a guest: each page that is not zero once, in order. */
  public static byte[] stream(Guest guest) {
    int id = guest.header().ramSectionId();
    Bytes out = new Bytes().head(guest.header().configuration(), "");
    out.startRam(id).list(guest.blocks()).eos().footer(id).part(id);
    for (RamBlock block : guest.blocks()) {
      guest
          .nonZero(block)
          .forEach((index, page) ->
              out.record(index * guest.pageSize(), 8, Optional.of(block)).raw(page));
    }
    return out.eos().footer(id).end(id).eos().footer(id).raw(guest.tail().toBytes()).toArray();
  }

  /** A whole fixed-ram file as the proposal writes it: main memory only has its present pages. */
  public static byte[] fixedRam(Guest guest, long alignment, int parts) {
    int id = guest.header().ramSectionId();
    Bytes out = new Bytes().head(guest.header().configuration(), "fixed-ram").startRam(id);
    out.memSize(guest.header().blocks().totalBytes());
    for (RamBlock block : guest.blocks()) {
      byte[] bitmap = bitmap(guest, block);
      out.entry(block);
      long bitmapEnd = out.size() + 12L + bitmap.length;
      long pagesOffset = (bitmapEnd + alignment - 1) / alignment * alignment;
      out.be32(bitmap.length).be64(pagesOffset).raw(bitmap).padTo(alignment);
      pages(out, guest, block);
    }
    out.eos().footer(id);
    for (int i = 0; i < parts; i++) {
      out.part(id).footer(id);
    }
    return out.end(id).footer(id).raw(guest.tail().toBytes()).toArray();
  }

  /** A whole mapped-ram file as QEMU writes it, with the mark of fixedram's where it has room. */
  public static byte[] mappedRam(Guest guest, long alignment, int parts) {
    int id = guest.header().ramSectionId();
    Bytes out = new Bytes().head(guest.header().configuration(), "mapped-ram").startRam(id);
    out.memSize(guest.header().blocks().totalBytes());
    for (RamBlock block : guest.blocks()) {
      byte[] bitmap = bitmap(guest, block);
      out.entry(block);
      long bitmapOffset = out.size() + 28L;
      long pagesOffset = (bitmapOffset + bitmap.length + alignment - 1) / alignment * alignment;
      out.be32(1).be64(guest.pageSize()).be64(bitmapOffset).be64(pagesOffset);
      out.raw(bitmap);
      if (alignment >= 1 << 20) {
        out.text("fixedram holes 1");
      }
      out.padTo(alignment);
      pages(out, guest, block);
    }
    out.eos().footer(id);
    for (int i = 0; i < parts; i++) {
      out.part(id).eos().footer(id);
    }
    return out.end(id).eos().footer(id).raw(guest.tail().toBytes()).toArray();
  }

  private static void pages(Bytes out, Guest guest, RamBlock block) {
    for (long i = 0; i < block.usedLength() / guest.pageSize(); i++) {
      out.raw(guest.page(block, i));
    }
  }

  /** Bit i%64 of the i/64-th little-endian word, which is bit i%8 of byte i/8. */
  private static byte[] bitmap(Guest guest, RamBlock block) {
    long pages = block.usedLength() / guest.pageSize();
    byte[] bitmap = new byte[Math.toIntExact((pages + 63) / 64 * 8)];
    guest
        .nonZero(block)
        .keySet()
        .forEach(index -> bitmap[(int) (index / 8)] |= (byte) (1 << (index % 8)));
    return bitmap;
  }
}
