// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.memory;

import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.os.Descriptor;
import io.fixedram.os.Errno;
import io.fixedram.os.InMemoryFile;
import io.fixedram.os.OtherProcess;
import io.fixedram.qemu.obstacle.MemoryObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.ProcessObstacle;
import io.fixedram.qemu.obstacle.ProcessObstacle.Difference;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The verified process of the QEMU behind a QMP connection. The kernel reports the process that
 * listens on the socket, which may be another one: a proxy, or a manager that created the socket.
 * It is QEMU if QEMU's vCPU threads are threads of it, and if a new file that was passed to QEMU
 * over QMP is open in it under the number that QEMU reports.
 */
public final class QemuPid implements AutoCloseable {
  private final OtherProcess process;

  /** Whether the caller gave the process id; otherwise the kernel reported it for the socket. */
  private final boolean named;

  private final ProcessFiles files;

  private QemuPid(OtherProcess process, boolean named) {
    this.process = process;
    this.named = named;
    this.files = new ProcessFiles(process.id());
  }

  /**
   * Finds the process.
   *
   * @param named the process, where it is not the one that listens at the socket; it is looked at
   *     as closely
   * @throws ObstacleException if the process is gone, not the QEMU behind QMP, or may not be
   *     accessed
   */
  public static QemuPid of(QmpClient qmp, OptionalInt named) {
    QemuPid found = new QemuPid(open(qmp, named), named.isPresent());
    try {
      found.checkThreads(qmp);
      found.checkOpenFile(qmp);
      return found;
    } catch (RuntimeException | Error e) {
      found.close();
      throw e;
    }
  }

  private static OtherProcess open(QmpClient qmp, OptionalInt named) {
    OptionalInt peer = qmp.peerProcess();
    if (peer.isEmpty()) {
      throw new ObstacleException(new ProcessObstacle.NotLocal(qmp.endpoint()));
    }
    int id = named.orElse(peer.getAsInt());
    if (id == 0) {
      throw new ObstacleException(new ProcessObstacle.OtherPidNamespace(qmp.endpoint()));
    }
    try {
      return OtherProcess.open(id);
    } catch (StorageException e) {
      if (e.errno() == Errno.ESRCH.number()) {
        throw other(qmp, id, named.isPresent(), new Difference.Gone());
      }
      throw e;
    }
  }

  private ObstacleException other(QmpClient qmp, Difference difference) {
    return other(qmp, id(), named, difference);
  }

  private static ObstacleException other(
      QmpClient qmp, int id, boolean named, Difference difference) {
    return new ObstacleException(
        new ProcessObstacle.OtherProcess(id, qmp.endpoint(), named, difference));
  }

  private void checkThreads(QmpClient qmp) {
    List<Integer> threads = files.threadsAsItSeesThem();
    List<Json> cpus = qmp.execute("query-cpus-fast").items();
    for (Json cpu : cpus) {
      int thread = (int) cpu.get("thread-id").number();
      if (!threads.contains(thread)) {
        throw other(qmp, new Difference.NoThread(thread));
      }
    }
    if (cpus.isEmpty()) {
      throw new ObstacleException(new MemoryObstacle.NoCpu(qmp.endpoint()));
    }
  }

  private void checkOpenFile(QmpClient qmp) {
    try (InMemoryFile file = InMemoryFile.create("fixedram-identity")) {
      Json added;
      try {
        added = qmp.executeWithDescriptor("add-fd", Map.of(), file.writing().number());
      } catch (QmpException e) {
        throw other(qmp, new Difference.FileNotPassedOn(e.description()));
      }
      long number = added.get("fd").number();
      try {
        if (!isOpen(number, file.reading().status().key())) {
          throw other(qmp, new Difference.FileNotOpen());
        }
      } finally {
        remove(qmp, added);
      }
    }
  }

  private boolean isOpen(long number, Descriptor.FileKey wanted) {
    try (Descriptor open = Descriptor.open(files.path("fd/" + number), Descriptor.Mode.READ)) {
      return open.status().key().equals(wanted);
    } catch (StorageException e) {
      if (e.errno() == Errno.EACCES.number() || e.errno() == Errno.EPERM.number()) {
        throw ProcessAccess.refused(id());
      }
      return false;
    }
  }

  /**
   * Tells QEMU to close a file that was passed to it; otherwise QEMU closes it when QMP is
   * disconnected.
   */
  static void remove(QmpClient qmp, Json added) {
    try {
      qmp.execute(
          "remove-fd",
          Map.of("fdset-id", added.get("fdset-id").number(), "fd", added.get("fd").number()));
    } catch (FixedRamException e) {
      System.getLogger(QemuPid.class.getName())
          .log(System.Logger.Level.DEBUG, "having QEMU close a file", e);
    }
  }

  /** Id of the process in the pid namespace of this process. */
  public int id() {
    return process.id();
  }

  /** The open process. */
  OtherProcess process() {
    return process;
  }

  ProcessFiles files() {
    return files;
  }

  @Override
  public void close() {
    process.close();
  }
}
