// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.testkit.TestedQemu;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Disk images that a QEMU of the version makes, in QEMU's own format. */
final class Qcow2 {
  private static final long BYTES = 16 << 20;

  private Qcow2() {}

  /**
   * Makes an empty one.
   *
   * @param options further members of QMP's BlockdevCreateOptionsQcow2
   */
  static void create(TestedQemu version, Path directory, Path image, Map<String, ?> options)
      throws Exception {
    List<String> command =
        List.of(version.binary().toString(), "-machine", "none", "-display", "none", "-nodefaults");
    try (RunningQemu qemu = RunningQemu.start(command, directory, "of-" + image.getFileName())) {
      QmpClient qmp = qemu.observer();
      String file = image.toString();
      run(qmp, Map.of("driver", "file", "filename", file, "size", 0));
      qmp.execute("blockdev-add", Map.of("driver", "file", "node-name", "f", "filename", file));
      Map<String, Object> all = new HashMap<>(options);
      all.putAll(Map.of("driver", "qcow2", "file", "f", "size", BYTES));
      run(qmp, all);
    }
  }

  private static void run(QmpClient qmp, Map<String, ?> options) {
    qmp.execute("blockdev-create", Map.of("job-id", "make", "options", options));
    RunningQemu.await("the image", () -> job(qmp).get("status").text().equals("concluded"));
    assertThat(job(qmp).findText("error")).isEmpty();
    qmp.execute("job-dismiss", Map.of("id", "make"));
  }

  private static Json job(QmpClient qmp) {
    return qmp.execute("query-jobs").items().getFirst();
  }
}
