// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryTest {
  private static final long GIB = 1L << 30;

  @TempDir Path root;

  @BeforeEach
  void host() throws IOException {
    put(
        "proc/meminfo",
        """
        MemTotal:       16777216 kB
        MemFree:         1048576 kB
        MemAvailable:    8388608 kB
        """);
  }

  private void put(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void group(String path, long max, long used, long cache) throws IOException {
    put(path + "/memory.max", max + "\n");
    put(path + "/memory.current", used + "\n");
    put(path + "/memory.stat", "anon 5\ninactive_file " + cache + "\n");
  }

  private long available() {
    HostMemory memory = HostMemory.of(root);
    assertThat(memory.totalBytes()).isEqualTo(16 * GIB);
    return memory.availableBytes();
  }

  @Test
  void hostWithoutGroups() {
    assertThat(available()).isEqualTo(8 * GIB);
  }

  @Test
  void groupsAboveCountToo() throws IOException {
    put("proc/self/cgroup", "0::/vms.slice/vm.scope\n");
    put("sys/fs/cgroup/vms.slice/vm.scope/memory.max", "max\n");
    put("sys/fs/cgroup/vms.slice/vm.scope/memory.current", "7\n");
    assertThat(available()).isEqualTo(8 * GIB);
    group("sys/fs/cgroup/vms.slice", 4 * GIB, 3 * GIB, 0);
    assertThat(available()).isEqualTo(GIB);
    group("sys/fs/cgroup/vms.slice", 4 * GIB, 3 * GIB, GIB);
    assertThat(available()).isEqualTo(2 * GIB);
    group("sys/fs/cgroup/vms.slice/vm.scope", GIB, 2 * GIB, 0);
    assertThat(available()).isZero();
  }

  @Test
  void firstVersionOfGroups() throws IOException {
    put("proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/vm\n0::/\n");
    put("sys/fs/cgroup/memory/vm/memory.limit_in_bytes", Long.toString(2 * GIB));
    put("sys/fs/cgroup/memory/vm/memory.usage_in_bytes", Long.toString(GIB));
    assertThat(available()).isEqualTo(GIB);
  }

  @Test
  void pathOfAnotherNameSpace() throws IOException {
    put("proc/self/cgroup", "0::/../../elsewhere\n");
    group("sys/fs/cgroup", 3 * GIB, GIB, 0);
    assertThat(available()).isEqualTo(2 * GIB);
  }

  @Test
  void systemThatDoesNotTell() throws IOException {
    put("proc/meminfo", "nothing\n");
    HostMemory memory = HostMemory.of(root);
    assertThat(memory).isEqualTo(new HostMemory(0, 0));
  }

  @Test
  void thisOne() {
    HostMemory memory = HostMemory.now();
    assertThat(memory.totalBytes()).isPositive();
    assertThat(memory.availableBytes()).isBetween(0L, memory.totalBytes());
  }
}
