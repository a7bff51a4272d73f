// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.migration;

import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.os.Threads;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Changes QEMU's migration capabilities and parameters temporarily, and restores them in reverse
 * order. Settings that this QEMU does not have, that already have the wanted value, or that another
 * client has changed since, are not touched. Thread-safe.
 */
public final class TemporarySettings {
  /**
   * Capabilities that are not compatible with a plain stream, or that change its end: several
   * connections (multifd, postcopy-preempt), pages encoded or served otherwise (xbzrle, compress,
   * postcopy-ram, background-snapshot, mapped-ram, x-colo), RAM omitted (x-ignore-shared) or
   * released (release-ram), and a destination that must answer (return-path, switchover-ack,
   * pause-before-switchover). Those that only slow a guest down (auto-converge, dirty-limit) stay,
   * and so do those that add a section (dirty-bitmaps, block): the save then fails, naming the
   * section.
   */
  private static final List<String> NOT_IN_A_PLAIN_STREAM =
      List.of(
          "background-snapshot",
          "compress",
          "mapped-ram",
          "multifd",
          "pause-before-switchover",
          "postcopy-preempt",
          "postcopy-ram",
          "rdma-pin-all",
          "release-ram",
          "return-path",
          "switchover-ack",
          "x-colo",
          "x-ignore-shared",
          "xbzrle",
          "zero-copy-send");

  /** Total time for restoring all settings. */
  private static final Duration PUT_BACK_TIME = Duration.ofSeconds(10);

  private final QmpClient qmp;
  private final QmpClient undoing;
  private final ArrayDeque<Undo> undos = new ArrayDeque<>();

  /** Restores one setting. */
  private interface Undo {
    void run(QmpClient cleaningUp);
  }

  public TemporarySettings(QmpClient qmp) {
    this(qmp, qmp);
  }

  /**
   * Prepares settings that one client changes and another client of the same connection restores.
   *
   * @param undoing client for restoring; one that ignores the cancellation always gets the full
   *     time
   */
  public TemporarySettings(QmpClient qmp, QmpClient undoing) {
    this.qmp = qmp;
    this.undoing = undoing;
  }

  /** The capabilities that this QEMU knows, and whether they are on. */
  public Map<String, Boolean> capabilities() {
    return capabilities(qmp);
  }

  private static Map<String, Boolean> capabilities(QmpClient qmp) {
    Map<String, Boolean> all = new LinkedHashMap<>();
    for (Json each : qmp.execute("query-migrate-capabilities").items()) {
      all.put(each.get("capability").text(), each.get("state").flag());
    }
    return all;
  }

  /**
   * Switches capabilities. All are sent in one command, since QEMU checks the resulting set: some
   * depend on others (postcopy-preempt on postcopy-ram, zero-copy-send on multifd).
   */
  public synchronized void setCapabilities(Map<String, Boolean> wanted) {
    Map<String, Boolean> before = capabilities();
    Map<String, Boolean> change = new LinkedHashMap<>(wanted);
    change
        .entrySet()
        .removeIf(
            each -> each.getValue().equals(before.getOrDefault(each.getKey(), each.getValue())));
    if (change.isEmpty()) {
      return;
    }
    before.keySet().retainAll(change.keySet());
    // Recorded first, since QEMU executes a command even if its answer comes too late.
    undos.push(cleaningUp -> putBackCapabilities(before, cleaningUp));
    qmp.execute("migrate-set-capabilities", capabilityArguments(change));
  }

  private static void putBackCapabilities(Map<String, Boolean> before, QmpClient qmp) {
    Map<String, Boolean> now = capabilities(qmp);
    Map<String, Boolean> changed = new LinkedHashMap<>(before);
    changed.entrySet().removeIf(each -> each.getValue().equals(now.get(each.getKey())));
    if (!changed.isEmpty()) {
      qmp.execute("migrate-set-capabilities", capabilityArguments(changed));
    }
  }

  private static Map<String, ?> capabilityArguments(Map<String, Boolean> states) {
    List<?> list =
        states.entrySet().stream()
            .map(each -> Map.of("capability", each.getKey(), "state", each.getValue()))
            .toList();
    return Map.of("capabilities", list);
  }

  /** Sets QEMU up to send or receive one plain stream, over one connection and without TLS. */
  public void setPlainStream() {
    Map<String, Boolean> off = new LinkedHashMap<>();
    NOT_IN_A_PLAIN_STREAM.forEach(name -> off.put(name, false));
    setCapabilities(off);
    setParameter("tls-creds", "");
    setParameter("tls-hostname", "");
  }

  /**
   * Sets QEMU up to load one plain stream or a mapped-ram file. The order matters: with mapped-ram
   * on, QEMU refuses incompatible parameters.
   */
  public void setIncoming(boolean mappedRam, boolean postcopyRam, boolean ignoreShared) {
    setPlainStream();
    setParameter("direct-io", false);
    setCapabilities(
        Map.of(
            "events",
            true,
            "mapped-ram",
            mappedRam,
            "postcopy-ram",
            postcopyRam,
            Configuration.X_IGNORE_SHARED,
            ignoreShared));
  }

  /** Sets a parameter to a text or number. */
  public synchronized void setParameter(String name, Object wanted) {
    Optional<Json> before = qmp.execute("query-migrate-parameters").find(name);
    if (before.isPresent() && !isSame(before.get(), wanted)) {
      undos.push(cleaningUp -> putBackParameter(name, before.get(), wanted, cleaningUp));
      qmp.execute("migrate-set-parameters", Map.of(name, wanted));
    }
  }

  private static void putBackParameter(String name, Json before, Object wanted, QmpClient qmp) {
    Optional<Json> now = qmp.execute("query-migrate-parameters").find(name);
    if (now.isPresent() && isSame(now.get(), wanted)) {
      qmp.execute("migrate-set-parameters", Map.of(name, before.raw()));
    }
  }

  private static boolean isSame(Json value, Object wanted) {
    return value.toString().equals(Json.of(wanted).toString());
  }

  /** Whether there are settings to restore. */
  public synchronized boolean areChanged() {
    return !undos.isEmpty();
  }

  /** Sets a parameter if its current value is {@code now}. */
  public void replaceParameter(String name, String now, String wanted) {
    if (qmp.execute("query-migrate-parameters").findText(name).filter(now::equals).isPresent()) {
      setParameter(name, wanted);
    }
  }

  /**
   * Restores all changed settings, even after an interrupt or cancellation; a second call does
   * nothing.
   *
   * @throws FixedRamException the first failure, after the other settings were restored
   */
  public void putBack() {
    Threads.withoutInterrupt(this::putAllBack);
  }

  private synchronized void putAllBack() {
    QmpClient cleaningUp = undoing.cleaningUp(PUT_BACK_TIME);
    Optional<FixedRamException> first = Optional.empty();
    while (!undos.isEmpty()) {
      Undo undo = undos.pop();
      try {
        undo.run(cleaningUp);
      } catch (FixedRamException e) {
        first.ifPresent(earlier -> earlier.addSuppressed(e));
        first = first.or(() -> Optional.of(e));
      }
    }
    if (first.isPresent()) {
      throw first.get();
    }
  }
}
