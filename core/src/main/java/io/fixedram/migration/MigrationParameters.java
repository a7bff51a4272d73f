// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import io.fixedram.error.FixedRamException;
import java.time.Duration;

/**
 * Numeric parameters of a migration, with QEMU's names and defaults. They can be changed while the
 * migration runs.
 *
 * @param maxBandwidth {@code max-bandwidth}: limit in bytes per second while the guest runs, 0 for
 *     no limit
 * @param downtimeLimit {@code downtime-limit}: maximum time the guest may be stopped at the end, in
 *     whole milliseconds, at most 2000 s as in QEMU
 * @param availSwitchoverBandwidth {@code avail-switchover-bandwidth}: known bandwidth of the target
 *     in bytes per second while the guest is stopped; 0 to estimate it from the bandwidth while the
 *     guest runs, which {@code max-bandwidth} may limit
 * @param maxPasses {@code x-max-passes}: number of passes over the memory of the running guest
 *     after which it is stopped however much is left, so that a guest that writes faster than the
 *     target is saved too; 0 for no maximum. Not a parameter of QEMU.
 */
public record MigrationParameters(
    long maxBandwidth, Duration downtimeLimit, long availSwitchoverBandwidth, int maxPasses) {
  private static final long DEFAULT_BANDWIDTH = 128L << 20;
  private static final Duration DEFAULT_DOWNTIME = Duration.ofMillis(300);
  private static final Duration MAX_DOWNTIME = Duration.ofSeconds(2000);
  private static final long DEFAULT_SWITCHOVER_BANDWIDTH = 0;
  private static final int DEFAULT_PASSES = 0;

  /**
   * Checks the parameters.
   *
   * @throws FixedRamException naming a parameter that is out of range
   */
  public MigrationParameters {
    if (maxBandwidth < 0) {
      throw new FixedRamException("max-bandwidth cannot be negative: " + maxBandwidth);
    }
    if (downtimeLimit.isNegative() || downtimeLimit.compareTo(MAX_DOWNTIME) > 0) {
      throw new FixedRamException(
          "downtime-limit must be 0 to "
              + MAX_DOWNTIME.toMillis()
              + " milliseconds, not "
              + inMilliseconds(downtimeLimit));
    }
    if (availSwitchoverBandwidth < 0) {
      throw new FixedRamException(
          "avail-switchover-bandwidth cannot be negative: " + availSwitchoverBandwidth);
    }
    if (maxPasses < 0) {
      throw new FixedRamException("x-max-passes cannot be negative: " + maxPasses);
    }
  }

  private static String inMilliseconds(Duration duration) {
    boolean countable = duration.abs().compareTo(Duration.ofMillis(Long.MAX_VALUE)) < 0;
    return countable ? Long.toString(duration.toMillis()) : duration.toString();
  }

  /** QEMU's defaults: 128 MiB/s, 300 ms, no maximum. */
  public static MigrationParameters defaults() {
    return new MigrationParameters(
        DEFAULT_BANDWIDTH, DEFAULT_DOWNTIME, DEFAULT_SWITCHOVER_BANDWIDTH, DEFAULT_PASSES);
  }

  /** A copy with another {@code max-bandwidth}, in bytes per second. */
  public MigrationParameters withMaxBandwidth(long bytesPerSecond) {
    return new MigrationParameters(
        bytesPerSecond, downtimeLimit, availSwitchoverBandwidth, maxPasses);
  }

  /** A copy with another {@code downtime-limit}. */
  public MigrationParameters withDowntimeLimit(Duration limit) {
    return new MigrationParameters(maxBandwidth, limit, availSwitchoverBandwidth, maxPasses);
  }

  /** A copy with another {@code avail-switchover-bandwidth}, in bytes per second. */
  public MigrationParameters withAvailSwitchoverBandwidth(long bytesPerSecond) {
    return new MigrationParameters(maxBandwidth, downtimeLimit, bytesPerSecond, maxPasses);
  }

  /** A copy with another {@code x-max-passes}. */
  public MigrationParameters withMaxPasses(int passes) {
    return new MigrationParameters(maxBandwidth, downtimeLimit, availSwitchoverBandwidth, passes);
  }

  /** The value of a parameter, in its unit in QMP. */
  public long value(MigrationParameter parameter) {
    return switch (parameter) {
      case MAX_BANDWIDTH -> maxBandwidth;
      case DOWNTIME_LIMIT -> downtimeLimit.toMillis();
      case AVAIL_SWITCHOVER_BANDWIDTH -> availSwitchoverBandwidth;
      case X_MAX_PASSES -> maxPasses;
    };
  }

  /**
   * A copy with another value of one parameter.
   *
   * @param value the value in the parameter's unit in QMP
   * @throws FixedRamException if the value is out of range
   */
  public MigrationParameters with(MigrationParameter parameter, long value) {
    return switch (parameter) {
      case MAX_BANDWIDTH -> withMaxBandwidth(value);
      case DOWNTIME_LIMIT -> withDowntimeLimit(Duration.ofMillis(value));
      case AVAIL_SWITCHOVER_BANDWIDTH -> withAvailSwitchoverBandwidth(value);
      case X_MAX_PASSES -> withMaxPasses(Math.clamp(value, -1, Integer.MAX_VALUE));
    };
  }
}
