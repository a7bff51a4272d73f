// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.qmp;

/** QEMU's version, from its QMP greeting. */
public record QemuVersion(int major, int minor, int micro) {

  /** Whether this is the given version or a later one. */
  public boolean isAtLeast(int wantedMajor, int wantedMinor) {
    return major > wantedMajor || (major == wantedMajor && minor >= wantedMinor);
  }

  @Override
  public String toString() {
    return "QEMU " + major + "." + minor + "." + micro;
  }
}
