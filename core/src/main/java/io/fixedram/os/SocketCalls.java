// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import static io.fixedram.os.Native.INT;
import static io.fixedram.os.Native.LONG;
import static io.fixedram.os.Native.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The socket calls behind {@link UnixSocket}, each with the kernel's raw result. */
final class SocketCalls {
  private static final Native SOCKET = Native.ofInt("socket", INT, INT, INT);
  private static final Native CONNECT = Native.ofInt("connect", INT, POINTER, INT);
  private static final Native SOCKETPAIR = Native.ofInt("socketpair", INT, INT, INT, POINTER);
  private static final Native FCNTL = Native.variadic("fcntl", 2, INT, INT, INT);
  private static final Native RECV = Native.ofLong("recv", INT, POINTER, LONG, INT);
  private static final Native SEND = Native.ofLong("send", INT, POINTER, LONG, INT);
  private static final Native SENDMSG = Native.ofLong("sendmsg", INT, POINTER, INT);
  private static final Native POLL = Native.ofInt("poll", POINTER, LONG, INT);
  private static final Native SETSOCKOPT = Native.ofInt("setsockopt", INT, INT, INT, POINTER, INT);
  private static final Native SHUTDOWN = Native.ofInt("shutdown", INT, INT);

  private SocketCalls() {}

  /** socket(2) for a unix stream. */
  static int socket(int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      int type = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC | flags;
      return (int)
          Native.result((int) SOCKET.handle().invokeExact(state, Linux.AF_UNIX, type, 0), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** connect(2). */
  static int connect(int descriptor, MemorySegment address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      int returned =
          (int) CONNECT.handle().invokeExact(state, descriptor, address, (int) address.byteSize());
      return (int) Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** socketpair(2) for unix streams, into two ints. */
  static int socketPair(MemorySegment descriptors) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      int type = Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC;
      int returned =
          (int) SOCKETPAIR.handle().invokeExact(state, Linux.AF_UNIX, type, 0, descriptors);
      return (int) Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** fcntl(2) F_SETFL. */
  static int setFlags(int descriptor, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      return (int)
          Native.result(
              (int) FCNTL.handle().invokeExact(state, descriptor, Linux.F_SETFL, flags), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** poll(2) of one descriptor, without a limit of time. */
  static int poll(int descriptor, int events) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      MemorySegment entry = arena.allocate(Linux.POLLFD_BYTES, Integer.BYTES);
      entry.set(ValueLayout.JAVA_INT, 0, descriptor);
      entry.set(ValueLayout.JAVA_SHORT, Linux.POLLFD_EVENTS_AT, (short) events);
      return (int) Native.result((int) POLL.handle().invokeExact(state, entry, 1L, -1), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** setsockopt(2) of an int of SOL_SOCKET. */
  static int setOption(int descriptor, int option, int value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_INT, value);
      int returned =
          (int)
              SETSOCKOPT
                  .handle()
                  .invokeExact(
                      state, descriptor, Linux.SOL_SOCKET, option, memory, (int) memory.byteSize());
      return (int) Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** recv(2). */
  static long receive(int descriptor, MemorySegment into) {
    return transfer(RECV, descriptor, into, 0);
  }

  /** send(2), with an error instead of a signal when the other side is gone. */
  static long send(int descriptor, MemorySegment from) {
    return transfer(SEND, descriptor, from, Linux.MSG_NOSIGNAL);
  }

  /** sendmsg(2), likewise. */
  static long sendMessage(int descriptor, MemorySegment message) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      long returned =
          (long) SENDMSG.handle().invokeExact(state, descriptor, message, Linux.MSG_NOSIGNAL);
      return Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  /** shutdown(2) of both directions; wakes whoever is blocked on the socket. */
  static int shutdown(int descriptor) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      return (int)
          Native.result(
              (int) SHUTDOWN.handle().invokeExact(state, descriptor, Linux.SHUT_RDWR), state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }

  private static long transfer(Native function, int descriptor, MemorySegment memory, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Native.stateLayout());
      long returned =
          (long) function.handle().invokeExact(state, descriptor, memory, memory.byteSize(), flags);
      return Native.result(returned, state);
    } catch (Throwable e) {
      throw Native.unexpected(e);
    }
  }
}
