// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

/** Format of a save. */
public enum SaveFormat {
  /** QEMU's sequential migration stream. */
  STREAM("stream"),
  /** The layout that the 2022 proposal gave QEMU's fixed-ram capability. */
  FIXED_RAM("fixed-ram"),
  /** The layout of QEMU 9.0's mapped-ram capability. */
  MAPPED_RAM("mapped-ram");

  private final String text;

  SaveFormat(String text) {
    this.text = text;
  }

  /** Name of the format in options and messages. */
  public String text() {
    return text;
  }
}
