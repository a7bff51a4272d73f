// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;

/**
 * Settings of a migration.
 *
 * @param configuration the guest's configuration in the save
 * @param capabilities the enabled capabilities
 * @param parameters initial parameters, which can be changed while the migration runs
 */
public record MigrationSettings(
    Configuration configuration,
    MigrationCapabilities capabilities,
    MigrationParameters parameters) {

  /** Settings with QEMU's default parameters. */
  public static MigrationSettings of(Configuration configuration, MigrationCapability... on) {
    return new MigrationSettings(
        configuration, MigrationCapabilities.of(on), MigrationParameters.defaults());
  }

  /** A copy with other parameters. */
  public MigrationSettings withParameters(MigrationParameters others) {
    return new MigrationSettings(configuration, capabilities, others);
  }

  /**
   * Checks that a migration with these settings is possible over a transport.
   *
   * @param seekable whether the transport is seekable
   * @throws FixedRamException if it is not possible
   */
  public void check(boolean seekable) {
    capabilities.requireProvided();
    if (capabilities.hasFixedOffsets() && !seekable) {
      throw new FixedRamException("Directly mapped memory requires a seekable transport");
    }
  }
}
