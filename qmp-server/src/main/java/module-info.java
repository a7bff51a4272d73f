// SPDX-License-Identifier: Apache-2.0
/** A QMP server, compatible with QEMU, for a guest whose memory is in this process. */
module io.fixedram.qmpserver {
  requires transitive io.fixedram.core;
  requires io.fixedram.qemu;
  requires jdk.net;

  exports io.fixedram.qmpserver;
}
