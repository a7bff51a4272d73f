// SPDX-License-Identifier: Apache-2.0
package io.fixedram.os;

import io.fixedram.error.StorageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A connected unix stream socket that can pass an open descriptor to the peer, which sockets of the
 * JDK cannot. One thread may read while another writes. {@link #close()} may be called by any
 * thread and wakes both: the read returns the end of the stream, the write fails.
 */
public final class UnixSocket implements ByteChannel {
  private static final int MAX_BYTES_PER_CALL = 1 << 20;

  private final int descriptor;
  private final String name;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * Held shared during calls, so that a concurrent close does not let the descriptor's number be
   * reused.
   */
  private final ReentrantReadWriteLock inUse = new ReentrantReadWriteLock();

  private UnixSocket(int descriptor, String name) {
    this.descriptor = descriptor;
    this.name = name;
  }

  /** Two sockets that are connected to each other. */
  public record Pair(UnixSocket left, UnixSocket right) {}

  /**
   * Connects to a listening socket. Does not wait if its backlog is full.
   *
   * @throws StorageException if the connection fails, naming the path
   */
  public static UnixSocket connect(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length >= Linux.SUN_PATH_BYTES) {
      throw new StorageException(
          "cannot connect to "
              + path
              + ": the path of a unix socket is at most "
              + (Linux.SUN_PATH_BYTES - 1)
              + " bytes",
          Errno.ENAMETOOLONG.number());
    }
    UnixSocket socket =
        new UnixSocket(opened(SocketCalls.socket(Linux.SOCK_NONBLOCK)), path.toString());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(Linux.SOCKADDR_UN_BYTES, Short.BYTES);
      address.set(ValueLayout.JAVA_SHORT, 0, (short) Linux.AF_UNIX);
      MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, Linux.SUN_PATH_AT, name.length);
      socket.check(SocketCalls.connect(socket.descriptor, address), "cannot connect to ");
      socket.check(SocketCalls.setFlags(socket.descriptor, 0), "cannot set up ");
      return socket;
    } catch (RuntimeException | Error e) {
      socket.close();
      throw e;
    }
  }

  /** Creates a connected pair, one end of which can be handed to another process. */
  public static Pair socketPair() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment both = arena.allocate(ValueLayout.JAVA_INT, 2);
      opened(SocketCalls.socketPair(both));
      return new Pair(
          new UnixSocket(both.getAtIndex(ValueLayout.JAVA_INT, 0), "a socket pair"),
          new UnixSocket(both.getAtIndex(ValueLayout.JAVA_INT, 1), "a socket pair"));
    }
  }

  /** Number of the file descriptor, for handing it to another process. */
  public int descriptor() {
    return descriptor;
  }

  /**
   * Id of the peer process: if this side connected, the process that created the listening socket,
   * even if another one serves the connection.
   *
   * @return the id; 0 if the process is in a pid namespace that is not visible here
   */
  public int peerProcess() {
    return (int)
        check(
            guarded(() -> SocketCalls.peerProcess(descriptor), 0),
            "cannot determine the process at the other end of ");
  }

  /**
   * Limits the data in transit to the peer: bytes written and not yet read, including the kernel's
   * overhead. A write blocks while the limit is exceeded.
   *
   * @param bytes the limit in bytes; the kernel enforces a minimum of a few KiB
   */
  public void limitUnderWay(int bytes) {
    // The kernel doubles the value (socket(7)).
    check(
        guarded(() -> SocketCalls.setOption(descriptor, Linux.SO_SNDBUF, bytes / 2), 0),
        "cannot set up ");
  }

  /**
   * Waits until the data in transit to the peer is at most a quarter of the limit, or the peer is
   * gone.
   */
  public void awaitWritable() {
    long result;
    do {
      result = guarded(() -> SocketCalls.poll(descriptor, Linux.POLLOUT), 0);
    } while (Errno.EINTR.is(result));
    check(result, "cannot wait for ");
  }

  /** Reads available bytes, waiting for at least one. Returns -1 once the peer has closed. */
  @Override
  public int read(ByteBuffer into) {
    if (!into.hasRemaining()) {
      return 0;
    }
    int count = (int) transfer(into, true);
    return count == 0 ? -1 : count;
  }

  /** Writes some of the bytes, at least one. */
  @Override
  public int write(ByteBuffer from) {
    return from.hasRemaining() ? (int) transfer(from, false) : 0;
  }

  private long transfer(ByteBuffer buffer, boolean reading) {
    try (Arena arena = Arena.ofConfined()) {
      long length = Math.min(buffer.remaining(), MAX_BYTES_PER_CALL);
      MemorySegment area = MemorySegment.ofBuffer(buffer).asSlice(0, length);
      MemorySegment memory = area.isNative() ? area : arena.allocate(length);
      if (!area.isNative() && !reading) {
        memory.copyFrom(area);
      }
      long count = reading ? receive(memory) : send(memory);
      if (!area.isNative() && reading) {
        MemorySegment.copy(memory, 0, area, 0, count);
      }
      buffer.position(buffer.position() + (int) count);
      return count;
    }
  }

  private long receive(MemorySegment into) {
    while (true) {
      long result = guarded(() -> SocketCalls.receive(descriptor, into), 0);
      if (Errno.ECONNRESET.is(result)) {
        return 0;
      }
      if (!Errno.EINTR.is(result)) {
        return check(result, "cannot read from ");
      }
    }
  }

  private long send(MemorySegment from) {
    while (true) {
      long result = guarded(() -> SocketCalls.send(descriptor, from), -(long) Errno.EPIPE.number());
      if (!Errno.EINTR.is(result)) {
        return check(result, "cannot write to ");
      }
    }
  }

  /**
   * Writes a complete message with a descriptor attached to its first byte (SCM_RIGHTS). The peer
   * gets a copy; the passed descriptor stays open here.
   */
  public void sendWithDescriptor(ByteBuffer message, int passed) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(message.remaining());
      bytes.copyFrom(MemorySegment.ofBuffer(message));
      MemorySegment control = arena.allocate(Linux.CMSG_SPACE_OF_INT, Long.BYTES);
      control.set(ValueLayout.JAVA_LONG, 0, Linux.CMSG_LEN_OF_INT);
      control.set(ValueLayout.JAVA_INT, Linux.CMSG_LEVEL_AT, Linux.SOL_SOCKET);
      control.set(ValueLayout.JAVA_INT, Linux.CMSG_TYPE_AT, Linux.SCM_RIGHTS);
      control.set(ValueLayout.JAVA_INT, Linux.CMSG_DATA_AT, passed);
      MemorySegment vector = arena.allocate(Linux.IOVEC_BYTES, Long.BYTES);
      vector.set(ValueLayout.ADDRESS, 0, bytes);
      vector.set(ValueLayout.JAVA_LONG, Linux.IOV_LEN_AT, bytes.byteSize());
      MemorySegment header = arena.allocate(Linux.MSGHDR_BYTES, Long.BYTES);
      header.set(ValueLayout.ADDRESS, Linux.MSG_IOV_AT, vector);
      header.set(ValueLayout.JAVA_LONG, Linux.MSG_IOVLEN_AT, 1);
      header.set(ValueLayout.ADDRESS, Linux.MSG_CONTROL_AT, control);
      header.set(ValueLayout.JAVA_LONG, Linux.MSG_CONTROLLEN_AT, control.byteSize());
      long sent;
      do {
        sent =
            guarded(
                () -> SocketCalls.sendMessage(descriptor, header), -(long) Errno.EPIPE.number());
      } while (Errno.EINTR.is(sent));
      check(sent, "cannot pass a descriptor to ");
      while (sent < bytes.byteSize()) {
        sent += send(bytes.asSlice(sent));
      }
      message.position(message.limit());
    }
  }

  @Override
  public boolean isOpen() {
    return !closed.get();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      SocketCalls.shutdown(descriptor);
      inUse.writeLock().lock();
      try {
        SystemCalls.linux().close(descriptor);
      } finally {
        inUse.writeLock().unlock();
      }
    }
  }

  /**
   * Closes this process's descriptor without shutting the connection down, for a socket that was
   * handed to another process. No other thread may be using it.
   */
  public void release() {
    if (closed.compareAndSet(false, true)) {
      SystemCalls.linux().close(descriptor);
    }
  }

  /** A system call. */
  private interface Call {
    long run();
  }

  private long guarded(Call call, long resultWhenClosed) {
    inUse.readLock().lock();
    try {
      return closed.get() ? resultWhenClosed : call.run();
    } finally {
      inUse.readLock().unlock();
    }
  }

  private long check(long result, String what) {
    if (result < 0) {
      throw new StorageException(what + name + ": " + Errno.text(result), (int) -result);
    }
    return result;
  }

  private static int opened(int result) {
    if (result < 0) {
      throw new StorageException("cannot make a unix socket: " + Errno.text(result), -result);
    }
    return result;
  }
}
