// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;

/**
 * What a migration is to do.
 *
 * @param configuration what the save says of the guest
 * @param capabilities switches
 * @param parameters numbers, which can be changed while it runs
 */
public record MigrationSettings(
    Configuration configuration,
    MigrationCapabilities capabilities,
    MigrationParameters parameters) {

  /** QEMU's default parameters. */
  public static MigrationSettings of(Configuration configuration, MigrationCapability... on) {
    return new MigrationSettings(
        configuration, MigrationCapabilities.of(on), MigrationParameters.defaults());
  }

  /** The same with other parameters. */
  public MigrationSettings withParameters(MigrationParameters others) {
    return new MigrationSettings(configuration, capabilities, others);
  }

  /**
   * Returns if a migration with these settings can go over a transport.
   *
   * @param seekable whether the transport can seek
   * @throws FixedRamException saying why it can't
   */
  public void check(boolean seekable) {
    capabilities.requireProvided();
    if (capabilities.hasFixedOffsets() && !seekable) {
      throw new FixedRamException("Directly mapped memory requires a seekable transport");
    }
  }
}
