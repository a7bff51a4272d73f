// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationParameters;
import java.time.Duration;

/**
 * Settings of the demo's guest and its migration.
 *
 * @param ramBytes RAM of the guest
 * @param capabilities capabilities of the migration
 * @param parameters parameters of the migration
 */
public record DemoSettings(
    long ramBytes, MigrationCapabilities capabilities, MigrationParameters parameters) {
  private static final int PASSES = 10;

  /**
   * Defaults of the demo: fixed-ram, a bandwidth of the whole RAM per second, which is less than
   * the guest writes, and a fixed number of passes, so that stream and fixed offsets are compared
   * with the same work.
   */
  public static DemoSettings defaults(long ramBytes) {
    return new DemoSettings(
        ramBytes,
        MigrationCapabilities.of(MigrationCapability.FIXED_RAM),
        MigrationParameters.defaults()
            .withMaxBandwidth(ramBytes)
            .withDowntimeLimit(Duration.ZERO)
            .withMaxPasses(PASSES));
  }

  /** QEMU's defaults, for a guest that QMP clients migrate. */
  public static DemoSettings served(long ramBytes) {
    return new DemoSettings(ramBytes, MigrationCapabilities.of(), MigrationParameters.defaults());
  }
}
