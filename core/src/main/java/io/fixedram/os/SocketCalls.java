// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;

/** The socket calls behind {@link UnixSocket}, each with the kernel's raw result. */
final class SocketCalls {
  private SocketCalls() {}

  /** socket(2) for a unix stream. */
  static int socket(int flags) {
    int type = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC | flags;
    return (int) Native.call(Linux.SYS_SOCKET, Linux.AF_UNIX, type, 0);
  }

  /** connect(2). */
  static int connect(int descriptor, MemorySegment address) {
    return (int) Native.callWith(Linux.SYS_CONNECT, descriptor, address, address.byteSize());
  }

  /** socketpair(2) for unix streams, into two ints. */
  static int socketPair(MemorySegment descriptors) {
    int type = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC;
    try {
      return (int)
          Native.call(Linux.SYS_SOCKETPAIR, Linux.AF_UNIX, type, 0, Native.address(descriptors));
    } finally {
      Reference.reachabilityFence(descriptors);
    }
  }

  /** fcntl(2) F_SETFL. */
  static int setFlags(int descriptor, int flags) {
    return (int) Native.call(Linux.SYS_FCNTL, descriptor, Linux.F_SETFL, flags);
  }

  /** getsockopt(2) of SO_PEERCRED: the id of the peer process, in this process's pid namespace. */
  static int peerProcess(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment credentials = arena.allocate(Linux.UCRED_BYTES, Integer.BYTES);
      MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, Linux.UCRED_BYTES);
      long result =
          Native.call(
              Linux.SYS_GETSOCKOPT,
              descriptor,
              Linux.SOL_SOCKET,
              Linux.SO_PEERCRED,
              Native.address(credentials),
              Native.address(length));
      return result < 0 ? (int) result : credentials.get(ValueLayout.JAVA_INT, Linux.UCRED_PID_AT);
    }
  }

  /** poll(2) of one descriptor, without a timeout. */
  static int poll(int descriptor, int events) {
    return poll(descriptor, events, -1);
  }

  /** poll(2) of one descriptor; the timeout is in milliseconds. */
  static int poll(int descriptor, int events, int limit) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment entry = arena.allocate(Linux.POLLFD_BYTES, Integer.BYTES);
      entry.set(ValueLayout.JAVA_INT, 0, descriptor);
      entry.set(ValueLayout.JAVA_SHORT, Linux.POLLFD_EVENTS_AT, (short) events);
      return (int) Native.call(Linux.SYS_POLL, Native.address(entry), 1, limit);
    }
  }

  /** setsockopt(2) of an int of SOL_SOCKET. */
  static int setOption(int descriptor, int option, int value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_INT, value);
      return (int)
          Native.call(
              Linux.SYS_SETSOCKOPT,
              descriptor,
              Linux.SOL_SOCKET,
              option,
              Native.address(memory),
              memory.byteSize());
    }
  }

  /** recvfrom(2) without an address, as recv of the C library calls it. */
  static long receive(int descriptor, MemorySegment into) {
    return Native.callWith(Linux.SYS_RECVFROM, descriptor, into, into.byteSize());
  }

  /** sendto(2) without an address, as send of the C library calls it; EPIPE without SIGPIPE. */
  static long send(int descriptor, MemorySegment from) {
    return Native.callWith(Linux.SYS_SENDTO, descriptor, from, from.byteSize(), Linux.MSG_NOSIGNAL);
  }

  /** sendmsg(2); EPIPE without SIGPIPE. */
  static long sendMessage(int descriptor, MemorySegment message) {
    return Native.callWith(Linux.SYS_SENDMSG, descriptor, message, Linux.MSG_NOSIGNAL);
  }

  /** shutdown(2) of both directions; wakes threads that are blocked on the socket. */
  static int shutdown(int descriptor) {
    return (int) Native.call(Linux.SYS_SHUTDOWN, descriptor, Linux.SHUT_RDWR);
  }
}
