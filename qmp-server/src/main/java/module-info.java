// SPDX-License-Identifier: Apache-2.0
/** Serves a guest whose memory this process owns on a QMP socket, as QEMU would. */
module io.fixedram.qmpserver {
  requires transitive io.fixedram.core;
  requires io.fixedram.qemu;
  requires jdk.net;

  exports io.fixedram.qmpserver;
}
