// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.error.FixedRamException;
import java.time.Instant;

/**
 * The manifest of a save.
 *
 * @param time when the guest was saved
 * @param writer name and version of the program that wrote the save
 * @param kernel release of the host's kernel
 * @param ranOn whether the guest ran on after the save, so that its disks may have changed since
 * @param guest the guest and its QEMU; the disks are those of the end of the save
 */
public record Manifest(
    Instant time, String writer, String kernel, boolean ranOn, GuestFacts guest) {

  /** The JSON text, described in docs/manifest.md. */
  public String toJson() {
    return ManifestJson.text(this);
  }

  /**
   * Parses a JSON text.
   *
   * @throws FixedRamException if it is not a manifest, or one of a later version
   */
  public static Manifest ofJson(String text) {
    return ManifestJson.parse(text);
  }
}
