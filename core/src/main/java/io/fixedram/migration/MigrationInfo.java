// SPDX-License-Identifier: Apache-2.0
package io.fixedram.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.write.WrittenSave;
import java.time.Duration;
import java.util.Optional;

/**
 * A migration at one moment, in the terms of QEMU's MigrationInfo.
 *
 * @param status its state
 * @param totalTime {@code total-time}: since it was started, until it ended
 * @param setupTime {@code setup-time}: until writes are logged and the first page can go
 * @param expectedDowntime {@code expected-downtime}: how long the guest would stand still if it
 *     were stopped where the last pass ended; the limit until one has
 * @param downtime {@code downtime}: how long the guest stood still for the last pass; zero before
 * @param ram counters of the memory
 * @param failure why it failed; a {@link io.fixedram.error.CancelledException}, or what the cancel
 *     brought about, if it was cancelled
 * @param written the file, once it is complete
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
