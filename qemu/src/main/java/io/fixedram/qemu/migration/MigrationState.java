// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.qemu.qmp.Json;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Result of {@code query-migrate} (MigrationInfo of QEMU's qapi/migration.json).
 *
 * @param status QEMU's MigrationStatus, "none" before the first migration
 * @param error error text of a failed migration
 * @param passes dirty-sync-count: number of times QEMU has read the dirty log
 * @param remainingBytes bytes of RAM that are still to be sent
 * @param dirtyPagesPerSecond last measured rate of dirtied pages
 * @param blockedReasons reasons why this guest cannot be migrated; since QEMU 6.0
 */
public record MigrationState(
    String status,
    Optional<String> error,
    long passes,
    long remainingBytes,
    long dirtyPagesPerSecond,
    List<String> blockedReasons) {
  private static final Set<String> NOT_UNDER_WAY =
      Set.of("none", "completed", "failed", "cancelled");

  public static final MigrationState NONE =
      new MigrationState("none", Optional.empty(), 0, 0, 0, List.of());

  static MigrationState read(Json info) {
    Optional<Json> ram = info.find("ram");
    return new MigrationState(
        info.findText("status").orElse("none"),
        info.findText("error-desc"),
        number(ram, "dirty-sync-count"),
        number(ram, "remaining"),
        number(ram, "dirty-pages-rate"),
        info.find("blocked-reasons").stream()
            .flatMap(reasons -> reasons.items().stream())
            .map(Json::text)
            .toList());
  }

  private static long number(Optional<Json> ram, String member) {
    return ram.map(stats -> stats.findNumber(member).orElse(0)).orElse(0L);
  }

  public boolean isUnderWay() {
    return !NOT_UNDER_WAY.contains(status);
  }

  /** Whether a load does not continue by itself, because it has ended or lost its connection. */
  public boolean isOver() {
    return !isUnderWay() || is("postcopy-paused");
  }

  public boolean is(String other) {
    return status.equals(other);
  }

  /** QEMU's reason for a failure, or a hint if it gives none, as some versions do. */
  public String reason() {
    return error.orElse("it gives no reason; its own output may");
  }
}
