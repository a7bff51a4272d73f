// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.qemu.obstacle.CommandObstacle;
import io.fixedram.qemu.obstacle.ObstacleException;
import io.fixedram.qemu.obstacle.StartObstacle;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same machine without anything that a running guest of the same command would notice. */
class InspectionCommandTest {
  private static String of(String words) {
    return String.join(" ", InspectionCommand.of(QemuCommandLine.of(List.of(words.split(" ")))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -m 1G -smp 2                                | -m 1G -smp 2
          -qmp unix:/run/vm.qmp,server -m 1G          | -m 1G
          -monitor stdio -S -s -daemonize -m 1G       | -m 1G
          -pidfile p -D log --trace x -m 1G           | -m 1G
          -vnc :1 -display gtk -sdl -m 1G             | -m 1G
          -serial file:log -serial none -parallel lp0 | -serial null -serial none -parallel null
          -chardev socket,id=c0,path=/s,server=on -device isa-serial,chardev=c0 | -chardev null,id=c0 -device isa-serial,chardev=c0
          -chardev {"backend":"file","id":"c1","path":"/log"} | -chardev null,id=c1
          -netdev tap,id=n0,script=/bin/x -device e1000,netdev=n0 | -netdev hubport,hubid=0,id=n0 -device e1000,netdev=n0
          -nic bridge,model=virtio-net-pci,mac=52:54:00:12:34:56,br=b0 | -nic user,model=virtio-net-pci,mac=52:54:00:12:34:56
          -nic none                                   | -nic none
          -net nic,model=rtl8139 -net tap,ifname=t0   | -net nic,model=rtl8139 -net user
          -object memory-backend-file,id=m,mem-path=/dev/shm/x,share=on,prealloc=yes,size=1G | -object memory-backend-file,id=m,mem-path=/dev/shm/x,share=off,prealloc=off,size=1G
          -object secret,id=s,data=x -mem-prealloc    | -object secret,id=s,data=x
          -object filter-dump,id=f,netdev=n,file=cap -m 1G | -m 1G
          -drive file=d.qcow2,if=virtio               | -drive file=d.qcow2,if=virtio
          """)
  void options(String given, String wanted) {
    assertThat(of("qemu-system-x86_64 " + given))
        .isEqualTo("qemu-system-x86_64 " + wanted + " -monitor none -display none");
  }

  @Test
  void anotherProgramBeforeQemuIsNotChanged() {
    assertThat(of("sudo -s -u me kvm -s"))
        .isEqualTo("sudo -s -u me kvm -monitor none -display none");
  }

  @Test
  void optionsThatAreNotKnownAreRefused() {
    assertThatThrownBy(() -> of("./run.sh -qmp stdio"))
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e -> assertThat(e.obstacle()).isEqualTo(new CommandObstacle.NoQemuProgram()));
    assertThatThrownBy(() -> of("kvm -readconfig vm.cfg"))
        .isInstanceOf(ObstacleException.class)
        .hasMessageContaining("-readconfig");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-tpmdev emulator,id=t,chardev=c|one QEMU at a time",
        "-device vhost-user-fs-pci,chardev=c,tag=t|serves one QEMU at a time",
        "-device vhost-user-blk-pci,chardev=c|serves one QEMU at a time",
        "-device {\"driver\":\"vfio-pci\",\"host\":\"04:00.0\"}|for one QEMU at a time",
        "-device virtio-vga-gl|OpenGL",
        "-device virtio-gpu-gl-pci,id=g|OpenGL"
      })
  void whatWouldNotStartIsRefusedByName(String given, String why) {
    assertThatThrownBy(() -> of("kvm -m 1G " + given))
        .hasMessageContaining(given)
        .hasMessageContaining(why)
        .isInstanceOfSatisfying(
            ObstacleException.class,
            e -> assertThat(e.obstacle()).isInstanceOf(StartObstacle.NotStartedForACheck.class));
  }
}
