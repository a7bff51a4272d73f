// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.disk;

import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.manifest.DiskOverlay;
import io.fixedram.qemu.migration.QemuDevice;
import io.fixedram.qemu.obstacle.DiskObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * External snapshots of all disks that a guest can write to, taken in one moment: each disk gets an
 * overlay, to which the guest writes from then on, and the images below stay as they are. The
 * overlays are made and opened by QEMU before, so that the stopped guest waits only for the switch
 * ({@link #take}). Closing this before the switch undoes everything. For one thread at a time.
 */
public final class DiskSnapshot implements AutoCloseable {
  private static final Duration UNDO_TIME = Duration.ofSeconds(5);

  /** Devices whose commands do not go through QEMU's block layer. */
  private static final Set<String> PASSED_THROUGH = Set.of("scsi-block", "scsi-generic");

  private final QmpClient qmp;
  private final OverlayFiles files;
  private final List<Switch> switches = new ArrayList<>();
  private boolean taken;

  /** A node and the node of its overlay. */
  private record Switch(SnapshotNode node, String overlayNode, Path overlay) {}

  private DiskSnapshot(QmpClient qmp, OverlayNames names) {
    this.qmp = qmp;
    this.files = new OverlayFiles(names);
  }

  /**
   * Makes the overlays of a guest, which may run meanwhile.
   *
   * @param qmp commands are sent by this client, also to undo
   * @param process id of QEMU's process if it is known and visible, whose user must be able to
   *     write to the overlays
   * @throws ObstacleException if a disk can't have an overlay; nothing is changed then
   */
  public static DiskSnapshot prepare(QmpClient qmp, OverlayNames names, OptionalInt process) {
    DiskSnapshot snapshot = new DiskSnapshot(qmp, names);
    try {
      snapshot.prepare(process, names.directory().isPresent());
      return snapshot;
    } catch (RuntimeException | Error e) {
      try (snapshot) {
        throw e;
      }
    }
  }

  private void prepare(OptionalInt process, boolean placed) {
    requireNotManaged();
    Optional<Path> directory = process.isPresent() ? workingDirectory(process) : Optional.empty();
    List<SnapshotNode> nodes = new ArrayList<>();
    for (Json drive : qmp.execute("query-block").items()) {
      SnapshotNode.of(drive, directory, placed).ifPresent(nodes::add);
    }
    requireNotPassedThrough(nodes);
    for (SnapshotNode node : nodes) {
      switches.add(opened(node, process));
    }
  }

  /** What libvirt names so: nodes since version 5.10, and the key for its secrets before. */
  private void requireNotManaged() {
    boolean named =
        qmp.execute("query-named-block-nodes").items().stream()
            .anyMatch(node -> node.get("node-name").text().startsWith("libvirt-"));
    boolean keyed =
        qmp.executeIfKnown("qom-list", Map.of("path", "/objects")).stream()
            .flatMap(list -> list.items().stream())
            .anyMatch(object -> object.get("name").text().equals("masterKey0"));
    if (named || keyed) {
      throw new ObstacleException(new DiskObstacle.ManagedByLibvirt());
    }
  }

  private void requireNotPassedThrough(List<SnapshotNode> nodes) {
    QemuDevice.added(qmp)
        .filter(device -> PASSED_THROUGH.contains(device.type()))
        .findFirst()
        .ifPresent(device -> {
          String drive =
              qmp.executeIfKnown("qom-get", Map.of("path", device.path(), "property", "drive"))
                  .map(Json::text)
                  .orElse("");
          String file =
              nodes.stream()
                  .filter(node -> node.drive().equals(drive) || node.node().equals(drive))
                  .map(SnapshotNode::image)
                  .findFirst()
                  .orElse(device.name());
          throw new ObstacleException(
              new DiskObstacle.NoOverlay(drive, file, DiskObstacle.Kind.PASSED_THROUGH));
        });
  }

  private static Optional<Path> workingDirectory(OptionalInt process) {
    try {
      return Optional.of(
          Files.readSymbolicLink(
              Path.of("/proc", Integer.toString(process.getAsInt())).resolve("cwd")));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Switch opened(SnapshotNode node, OptionalInt process) {
    Path file = files.make(node.drive(), node.image(), node.format(), node.bytes());
    try {
      giveTo(process, file);
      String name = "fixedram-" + Long.toHexString(System.nanoTime()) + "-" + switches.size();
      Json _ = qmp.execute("blockdev-add", node.overlay(name, file));
      return new Switch(node, name, file);
    } catch (FixedRamException e) {
      throw new ObstacleException(new DiskObstacle.OverlayNotMade(file, e));
    }
  }

  /** Gives a file to the user that QEMU runs as, if that is another one. */
  private static void giveTo(OptionalInt process, Path file) {
    if (process.isEmpty()) {
      return;
    }
    Path qemu = Path.of("/proc", Integer.toString(process.getAsInt()));
    try {
      Object user = Files.getAttribute(qemu, "unix:uid");
      if (!user.equals(Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS))) {
        // A link that took the file's place must not be followed.
        Files.setAttribute(
            file, "unix:gid", Files.getAttribute(qemu, "unix:gid"), LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(file, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
      }
    } catch (IOException e) {
      throw new FixedRamException(
          "it can't be given to QEMU's user: " + e.getClass().getSimpleName(), e);
    }
  }

  /**
   * Puts all overlays on their disks, or none. The guest must be stopped, and QEMU must not have
   * given up its disks.
   *
   * @throws ObstacleException if QEMU refuses; the guest is as before
   * @throws FixedRamException if QEMU does not answer, so that it is not known whether it did
   */
  public void take() {
    if (switches.isEmpty()) {
      return;
    }
    List<Map<String, Object>> actions = new ArrayList<>();
    for (Switch each : switches) {
      actions.add(
          Map.of(
              "type",
              "blockdev-snapshot",
              "data",
              Map.of("node", each.node.node(), "overlay", each.overlayNode)));
    }
    // Before it is sent: QEMU executes a command even if its answer comes too late.
    taken = true;
    files.keep();
    try {
      Json _ = qmp.execute("transaction", Map.of("actions", actions));
    } catch (QmpException e) {
      taken = false;
      files.drop();
      throw new ObstacleException(new DiskObstacle.SnapshotRefused(e));
    }
  }

  /** Whether the guest writes to the overlays, or may do so. */
  public boolean isTaken() {
    return taken;
  }

  /** The overlays, those that were put on disks or are to be. */
  public List<DiskOverlay> overlays() {
    return files.made();
  }

  /**
   * How to go back to the images below: sentences for each disk with the QMP commands that write
   * what the guest has changed into the image below.
   */
  public List<String> wayBack() {
    List<String> ways = new ArrayList<>();
    for (Switch each : switches) {
      Map<String, Object> arguments = new LinkedHashMap<>();
      arguments.put("job-id", each.overlayNode);
      arguments.put("device", each.overlayNode);
      arguments.put("base-node", each.node.node());
      Map<String, Object> command = new LinkedHashMap<>();
      command.put("execute", "block-commit");
      command.put("arguments", arguments);
      ways.add(
          "the disk "
              + each.node.image()
              + " is under the overlay "
              + each.overlay
              + " now; QMP "
              + Json.of(command)
              + ", and 'block-job-complete' with that id after the event BLOCK_JOB_READY, bring its"
              + " content back into the image");
    }
    return ways;
  }

  /** Removes the overlays unless they were put on disks. */
  @Override
  public void close() {
    if (!taken) {
      QmpClient undoing = qmp.cleaningUp(UNDO_TIME);
      for (Switch each : switches) {
        try {
          Json _ = undoing.execute("blockdev-del", Map.of("node-name", each.overlayNode));
        } catch (FixedRamException e) {
          // The node stays in QEMU, without a use.
        }
      }
    }
    files.close();
  }
}
