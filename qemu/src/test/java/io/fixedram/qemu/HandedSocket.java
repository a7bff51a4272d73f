// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A QMP socket that another process than QEMU made and handed on, and at which that one listened
 * last: the kernel names it to who connects.
 */
public final class HandedSocket {
  /** The maker of the socket ends when QEMU, which has the other end of a pipe, ends. */
  private static final String MAKER =
      """
      use Socket;
      $^F = 255;
      my $path = shift;
      socket(my $listener, AF_UNIX, SOCK_STREAM, 0) or die;
      bind($listener, sockaddr_un($path)) or die;
      pipe(my $end, my $life);
      pipe(my $made, my $making);
      if (!fork) {
        close $life;
        listen($listener, 1) or die;
        close $making;
        vec(my $ended, fileno $end, 1) = 1;
        listen($listener, 1) until select(my $now = $ended, undef, undef, 0.01);
        exit;
      }
      close $end;
      close $making;
      sysread $made, my $nothing, 1;
      my $number = fileno $listener;
      exec map { s/HANDED/$number/r } @ARGV;
      """;

  private HandedSocket() {}

  /** The command that starts QEMU, which has the same process, with such a socket. */
  public static List<String> command(List<String> qemu, Path socket) {
    List<String> words = new ArrayList<>(List.of("perl", "-e", MAKER, socket.toString()));
    words.addAll(qemu);
    words.addAll(List.of("-chardev", "socket,id=handed,fd=HANDED,server=on,wait=off"));
    words.addAll(List.of("-mon", "chardev=handed,mode=control"));
    return words;
  }
}
