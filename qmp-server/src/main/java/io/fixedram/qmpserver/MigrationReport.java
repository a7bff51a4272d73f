// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import io.fixedram.migration.MigrationInfo;
import io.fixedram.migration.MigrationStatus;
import io.fixedram.migration.RamStatistics;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The answer to {@code query-migrate}: QEMU's MigrationInfo and MigrationStats. */
final class MigrationReport {
  private static final double BITS_PER_MEGABIT = 1e6;

  private MigrationReport() {}

  static Map<String, Object> of(MigrationInfo info) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("status", info.status().text());
    report.put("total-time", info.totalTime().toMillis());
    report.put("setup-time", info.setupTime().toMillis());
    if (info.status() == MigrationStatus.COMPLETED) {
      report.put("downtime", info.downtime().toMillis());
    } else if (!info.status().isFinal()) {
      report.put("expected-downtime", info.expectedDowntime().toMillis());
    }
    if (info.status() == MigrationStatus.FAILED) {
      info.failure().ifPresent(failure -> report.put("error-desc", failure.getMessage()));
    }
    report.put("ram", ram(info.ram(), info.totalTime()));
    return report;
  }

  private static Map<String, Object> ram(RamStatistics ram, Duration time) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("transferred", ram.transferredBytes());
    report.put("remaining", ram.remainingBytes());
    report.put("total", ram.totalBytes());
    report.put("duplicate", ram.zeroPages());
    report.put("skipped", 0);
    report.put("normal", ram.normalPages());
    report.put("normal-bytes", ram.normalBytes());
    report.put("dirty-pages-rate", ram.dirtyPagesPerSecond());
    report.put("mbps", ram.bytesPerSecond() * Byte.SIZE / BITS_PER_MEGABIT);
    report.put("dirty-sync-count", ram.dirtySyncCount());
    report.put("postcopy-requests", 0);
    report.put("page-size", ram.pageSize());
    report.put("multifd-bytes", 0);
    long pages = ram.normalPages() + ram.zeroPages();
    report.put("pages-per-second", pages * 1000 / Math.max(1, time.toMillis()));
    report.put("precopy-bytes", ram.transferredBytes() - ram.downtimeBytes());
    report.put("downtime-bytes", ram.downtimeBytes());
    report.put("postcopy-bytes", 0);
    report.put("dirty-sync-missed-zero-copy", 0);
    return report;
  }
}
