// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.start.QemuStarter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * Brings a saved guest back, in a QEMU that is started for it or that waits for it. Made by {@link
 * #of}, changed by methods that give a changed copy, and done by one of
 *
 * <ul>
 *   <li>{@link #run}, which returns when all of the guest is there,
 *   <li>{@link #start}, which returns once save and command have been looked at, with a handle to
 *       wait with,
 *   <li>{@link #prepare}, for a caller who starts QEMU himself, with the command that it gives.
 * </ul>
 *
 * QEMU's migration settings end as they were, and the guest runs or not as asked for, whether or
 * not it ran when it was saved. Immutable; any thread may use it.
 */
public final class GuestRestore {
  /** Of Linux: sun_path of unix(7) less its end. */
  private static final int MAX_SOCKET_PATH_BYTES = 107;

  private final RestoreRequest request;
  private final RestoreListener listener;
  private final Optional<Cancellation> cancellation;

  private GuestRestore(
      RestoreRequest request, RestoreListener listener, Optional<Cancellation> cancellation) {
    this.request = request;
    this.listener = listener;
    this.cancellation = cancellation;
  }

  /**
   * A restore into a QEMU that is started for it, and ended if the restore fails. The restore mode
   * is the fastest that is possible, and the guest runs.
   *
   * @param file the save
   * @param command the words of a QEMU command line that describes the machine that was saved,
   *     without {@code -incoming}; a QMP socket for the restore is added
   */
  public static GuestRestore of(Path file, List<String> command) {
    return of(file, new RestoreTarget.Command(command, Optional.empty(), Optional.empty()));
  }

  /**
   * A restore into a QEMU that waits, started with {@code -incoming defer}, and that is left alone
   * if the restore fails. Any restore mode but instant is possible.
   *
   * @param file the save
   * @param waiting where QEMU listens for QMP; nobody else may use this socket meanwhile
   */
  public static GuestRestore of(Path file, Endpoint waiting) {
    return of(file, new RestoreTarget.Waiting(waiting));
  }

  private static GuestRestore of(Path file, RestoreTarget target) {
    return new GuestRestore(
        new RestoreRequest(file, target, RestoreMode.AUTO, false),
        RestoreListener.NONE,
        Optional.empty());
  }

  /** Asks for a restore mode, without which the restore fails. */
  public GuestRestore mode(RestoreMode mode) {
    return with(new RestoreRequest(request.file(), request.target(), mode, request.paused()));
  }

  /** Leaves the guest stopped once it is loaded. */
  public GuestRestore paused() {
    return with(new RestoreRequest(request.file(), request.target(), request.mode(), true));
  }

  /**
   * Has the guest, which needs the device vmgenid, see that it is a copy.
   *
   * @param id the VM generation id that it is to see
   * @throws IllegalStateException if QEMU is not started for this
   */
  public GuestRestore generationId(UUID id) {
    RestoreTarget.Command command = command();
    return with(new RestoreTarget.Command(command.command(), Optional.of(id), command.starter()));
  }

  /**
   * Has QEMU started by somebody else's means.
   *
   * @throws IllegalStateException if QEMU is not started for this
   */
  public GuestRestore starter(QemuStarter starter) {
    RestoreTarget.Command command = command();
    return with(
        new RestoreTarget.Command(command.command(), command.generationId(), Optional.of(starter)));
  }

  private RestoreTarget.Command command() {
    if (request.target() instanceof RestoreTarget.Command command) {
      return command;
    }
    throw new IllegalStateException("the QEMU waits already: it is not started for this restore");
  }

  private GuestRestore with(RestoreTarget target) {
    return with(new RestoreRequest(request.file(), target, request.mode(), request.paused()));
  }

  private GuestRestore with(RestoreRequest changed) {
    return new GuestRestore(changed, listener, cancellation);
  }

  /** Sets the listener. */
  public GuestRestore listener(RestoreListener told) {
    return new GuestRestore(request, told, cancellation);
  }

  /**
   * Sets the cancellation that ends it. While a guest runs that still needs pages, the first
   * request is refused ({@link Cancellation#cancel} returns false), and the second gives the guest
   * up.
   */
  public GuestRestore cancellation(Cancellation end) {
    return new GuestRestore(request, listener, Optional.of(end));
  }

  /**
   * Restores the guest in this thread. Returns when all of it is there, and it runs if it is to.
   *
   * @throws CancelledException if the end was asked for
   * @throws FixedRamException if the save cannot be read, does not fit the QEMU, or is not taken by
   *     it, for a reason that the message says; a QEMU that was started for it has then been ended
   */
  public RestoredGuest run() {
    return begin().run();
  }

  /**
   * Restores the guest in a thread of its own, which keeps the program running until it is done.
   *
   * @return what to wait with; it tells of failures too
   * @throws FixedRamException if the save cannot be read, or what was asked for is not possible
   *     with it
   */
  public RestoredGuest start() {
    return begin().start();
  }

  /**
   * Prepares a restore into a QEMU that the caller starts, with the command that is given back.
   *
   * @param qmpSocket where that QEMU shall listen for QMP: a path that is free and at most 107
   *     bytes long, seen by both. Only QEMU and this process should be able to reach it
   * @throws IllegalStateException if the QEMU waits already, or a starter was given
   * @throws IllegalArgumentException if the path is longer
   * @throws FixedRamException if the save cannot be read, or what was asked for is not possible
   *     with it
   */
  public PreparedRestore prepare(Path qmpSocket) {
    if (command().starter().isPresent()) {
      throw new IllegalStateException("a starter was given, and the caller is to start QEMU");
    }
    if (qmpSocket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH_BYTES) {
      throw new IllegalArgumentException(
          "no socket can have a path of more than " + MAX_SOCKET_PATH_BYTES + " bytes");
    }
    return new PreparedRestore(begin(), qmpSocket);
  }

  private Restoration begin() {
    return Restoration.prepare(request, listener, cancellation.orElseGet(Cancellation::new));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GuestRestore restore
        && request.equals(restore.request)
        && listener.equals(restore.listener)
        && cancellation.equals(restore.cancellation);
  }

  @Override
  public int hashCode() {
    return Objects.hash(request, listener, cancellation);
  }

  @Override
  public String toString() {
    return "GuestRestore[" + request + "]";
  }
}
