// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.write.WrittenSave;
import java.time.Duration;
import java.util.Optional;

/**
 * Snapshot of a migration's status and counters, in terms of QEMU's MigrationInfo.
 *
 * @param status the status
 * @param totalTime {@code total-time}: time since the start, up to the end of the migration
 * @param setupTime {@code setup-time}: time from the start until writes are logged and the first
 *     page can be sent
 * @param expectedDowntime {@code expected-downtime}: downtime if the guest had been stopped at the
 *     end of the last pass; the downtime limit before the first pass has ended
 * @param downtime {@code downtime}: time the guest was stopped until the save was complete; zero
 *     before
 * @param ram counters of the memory
 * @param failure the failure of the migration; if it was cancelled, a {@link
 *     io.fixedram.error.CancelledException} or a failure caused by cancelling
 * @param written the file, once the migration is complete
 */
public record MigrationInfo(
    MigrationStatus status,
    Duration totalTime,
    Duration setupTime,
    Duration expectedDowntime,
    Duration downtime,
    RamStatistics ram,
    Optional<FixedRamException> failure,
    Optional<WrittenSave> written) {}
