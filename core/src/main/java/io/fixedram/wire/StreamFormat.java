// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

/** Constants of the migration stream as written by QEMU 2.4 to 10.0 (docs/format.md). */
public final class StreamFormat {
  /** First four bytes: "QEVM". */
  public static final int MAGIC = 0x5145564d;

  /** The next four bytes. */
  public static final int VERSION = 3;

  /** Type bytes of sections. */
  public static final int EOF = 0x00;

  static final int SECTION_START = 0x01;
  static final int SECTION_PART = 0x02;
  static final int SECTION_END = 0x03;
  public static final int SECTION_FULL = 0x04;
  static final int SUBSECTION = 0x05;
  public static final int VMDESCRIPTION = 0x06;
  static final int CONFIGURATION = 0x07;
  static final int COMMAND = 0x08;
  public static final int FOOTER = 0x7e;

  static final String CAPABILITIES_SUBSECTION = "configuration/capabilities";
  static final String TARGET_PAGE_BITS_SUBSECTION = "configuration/target-page-bits";
  static final String UUID_SUBSECTION = "configuration/uuid";

  static final String RAM_SECTION = "ram";
  static final int RAM_SECTION_VERSION = 4;

  /** Flags in the low bits of the first word of a record in the "ram" section. */
  static final int RAM_ZERO = 0x02;

  /** Announces the list of RAM blocks. */
  public static final int RAM_MEM_SIZE = 0x04;

  static final int RAM_PAGE = 0x08;

  /** Ends a payload of the "ram" section. */
  public static final int RAM_EOS = 0x10;

  static final int RAM_CONTINUE = 0x20;
  static final int RAM_XBZRLE = 0x40;
  static final int RAM_HOOK = 0x80;
  static final int RAM_COMPRESS_PAGE = 0x100;
  static final int RAM_MULTIFD_FLUSH = 0x200;

  /** Value of the encoding byte in an XBZRLE record. */
  static final int XBZRLE_ENCODING = 0x01;

  /** Commands to the destination. */
  static final int COMMAND_OPEN_RETURN_PATH = 1;

  static final int COMMAND_PING = 2;
  static final int COMMAND_POSTCOPY_ADVISE = 3;
  static final int COMMAND_POSTCOPY_LISTEN = 4;
  static final int COMMAND_POSTCOPY_RUN = 5;
  static final int COMMAND_POSTCOPY_RAM_DISCARD = 6;
  static final int COMMAND_PACKAGED = 7;
  static final int COMMAND_SWITCHOVER_START = 11;

  /** Messages of the return path, from the destination to the source. */
  static final int RETURN_SHUT = 1;

  static final int RETURN_PONG = 2;
  static final int RETURN_REQ_PAGES_ID = 3;
  static final int RETURN_REQ_PAGES = 4;
  static final int RETURN_RECV_BITMAP = 5;
  static final int RETURN_RESUME_ACK = 6;
  static final int RETURN_SWITCHOVER_ACK = 7;

  /** Maximum length of the name of a section, block or machine. */
  public static final int MAX_NAME_BYTES = 255;

  private StreamFormat() {}
}
