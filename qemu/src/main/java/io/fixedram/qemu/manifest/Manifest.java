// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Json;
import java.time.Instant;

/**
 * The manifest of a save.
 *
 * @param time when the guest was saved
 * @param kernel release of the host's kernel
 * @param ranOn whether the guest ran on after the save, so that its disks may have changed since
 * @param guest the guest and its QEMU, when all memory was in the save
 */
public record Manifest(Instant time, String kernel, boolean ranOn, GuestFacts guest) {

  /** A copy in which values that may be secrets are masked, as in {@link SecretWords}. */
  public Manifest masked() {
    QemuFacts qemu = guest.qemu();
    return new Manifest(
        time,
        kernel,
        ranOn,
        new GuestFacts(
            new QemuFacts(
                qemu.version(), qemu.pack(), SecretWords.masked(qemu.command()), qemu.directory()),
            guest.machine(),
            guest.cpu(),
            guest.memory(),
            guest.devices(),
            guest.disks().masked()));
  }

  /** The JSON text on several lines, for people. */
  public String toPrettyJson() {
    return Json.parse(toJson()).pretty();
  }

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
