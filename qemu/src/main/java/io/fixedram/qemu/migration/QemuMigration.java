// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.process.Pause;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The QMP commands of migrations (QEMU's qapi/migration.json and qapi/run-state.json). As
 * thread-safe as the underlying client.
 */
public final class QemuMigration {
  private static final Duration FINISH_TIME = Duration.ofSeconds(10);

  /** States of a guest that is stopped by a command or a migration, and not by itself. */
  private static final Set<String> STOPPED_STATES =
      Set.of("finish-migrate", "paused", "postmigrate", "prelaunch");

  private static final Duration ANSWER_TIME = Duration.ofSeconds(60);

  private final QmpClient qmp;
  private final Duration answerTime;

  public QemuMigration(QmpClient qmp) {
    this(qmp, ANSWER_TIME);
  }

  private QemuMigration(QmpClient qmp, Duration answerTime) {
    this.qmp = qmp;
    this.answerTime = answerTime;
  }

  /** A copy for cleanup commands, see {@link QmpClient#cleaningUp}. */
  public QemuMigration cleaningUp(Duration all) {
    return new QemuMigration(qmp.cleaningUp(all), answerTime);
  }

  /** A copy that ignores the cancellation, see {@link QmpClient#uncancellable}. */
  public QemuMigration uncancellable() {
    return new QemuMigration(qmp.uncancellable(), answerTime);
  }

  /** A copy with another timeout for answers. */
  public QemuMigration within(Duration shorter) {
    return new QemuMigration(qmp, shorter);
  }

  private Json execute(String command) {
    return qmp.execute(command, Map.of(), answerTime);
  }

  public QmpClient qmp() {
    return qmp;
  }

  public MigrationState state() {
    return MigrationState.read(execute("query-migrate"));
  }

  public GuestStatus guest() {
    return GuestStatus.read(execute("query-status"));
  }

  public void start(String uri) {
    qmp.execute("migrate", Map.of("uri", uri));
  }

  public void cancel() {
    execute("migrate_cancel");
  }

  public void stopGuest() {
    execute("stop");
  }

  /**
   * Resumes the guest, after waiting until QEMU has finished a migration that has just ended.
   *
   * @throws FixedRamException if the guest does not run afterwards
   */
  public void resumeGuest() {
    awaitFinished();
    letRun();
    GuestStatus now = guest();
    if (STOPPED_STATES.contains(now.name())) {
      throw new FixedRamException(
          "QEMU was told to let it run, and it is in the state '" + now.name() + "'");
    }
  }

  /** Waits until QEMU has finished a migration that has just ended. */
  public void awaitFinished() {
    long until = System.nanoTime() + FINISH_TIME.toNanos();
    while (guest().name().equals("finish-migrate") && System.nanoTime() < until) {
      Pause.of(Duration.ofMillis(1));
    }
  }

  /** Resumes the guest, or tells a waiting QEMU to run its guest once it is loaded. */
  void letRun() {
    execute("cont");
  }

  /** Starts loading from a URI; returns once QEMU listens or has taken the descriptor. */
  public void startIncoming(String uri) {
    startIncoming(Map.of("uri", uri));
  }

  /** Starts loading from a file whose name may have any character; since QEMU 9.0. */
  public void startIncomingFile(String fileName) {
    Map<String, Object> address = Map.of("transport", "file", "filename", fileName, "offset", 0);
    startIncoming(Map.of("channels", List.of(Map.of("channel-type", "main", "addr", address))));
  }

  private void startIncoming(Map<String, Object> from) {
    // Since 9.1 QEMU can be told not to exit when a load fails, and then reports the reason.
    if (qmp.version().isAtLeast(9, 1)) {
      Map<String, Object> staying = new LinkedHashMap<>(from);
      staying.put("exit-on-error", false);
      qmp.execute("migrate-incoming", staying);
    } else {
      qmp.execute("migrate-incoming", from);
    }
  }

  /**
   * Whether QEMU reports that the guest runs without KVM; false if it does not support the query.
   */
  public boolean lacksKvm() {
    try {
      return !qmp.execute("query-kvm").get("enabled").flag();
    } catch (QmpException e) {
      return false;
    }
  }

  /** The machine type with its version, spelled as in the configuration section of a stream. */
  public String machine() {
    Json type = qmp.execute("qom-get", Map.of("path", "/machine", "property", "type"));
    String suffix = "-machine";
    String name = type.text();
    return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
  }
}
