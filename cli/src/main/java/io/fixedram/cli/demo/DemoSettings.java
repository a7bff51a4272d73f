// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

import io.fixedram.migration.MigrationCapabilities;
import io.fixedram.migration.MigrationCapability;
import io.fixedram.migration.MigrationParameters;
import java.time.Duration;

/**
 * What guest the demo makes, and how it is migrated.
 *
 * @param ramBytes its RAM
 * @param capabilities of its migration
 * @param parameters of its migration
 */
public record DemoSettings(
    long ramBytes, MigrationCapabilities capabilities, MigrationParameters parameters) {
  private static final int PASSES = 10;

  /**
   * What the demo shows if nothing else is asked for: fixed-ram, all RAM saved in a second at the
   * most, while the guest writes faster, and all passes made, however little is left, so that
   * stream and fixed offsets are compared on the same work.
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
