// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.restore;

import io.fixedram.cancel.Cancellation;
import io.fixedram.error.CancelledException;
import io.fixedram.error.FixedRamException;
import io.fixedram.key.SigningKey;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.start.QemuStarter;
import io.fixedram.store.PageStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Restores a saved guest, in a QEMU that is started for it or that waits for it. Created by {@link
 * #of}, configured by methods that return a changed copy, and executed by one of
 *
 * <ul>
 *   <li>{@link #run}, which returns when the guest is restored completely,
 *   <li>{@link #start}, which returns after the save and the command have been checked, with a
 *       handle of the restore,
 *   <li>{@link #prepare}, which returns the command for a caller that starts QEMU itself.
 * </ul>
 *
 * QEMU's migration settings are restored at the end. The guest runs or stays paused as requested,
 * whether or not it ran when it was saved. Immutable and thread-safe.
 */
public final class GuestRestore {
  /** Default of {@link #inPlaceWithin}. */
  public static final Duration DEFAULT_IN_PLACE_WITHIN = Duration.ofMillis(150);

  /** Maximum length of a socket's path on Linux: sun_path of unix(7) without its NUL. */
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
   * A restore of the save in a file, into a QEMU that is started for it, and ended if the restore
   * fails. By default the fastest possible restore mode is used and the guest runs.
   *
   * @param file the save
   * @param command the words of a QEMU command line that describes the machine that was saved,
   *     without {@code -incoming}; a QMP socket for the restore is added
   */
  public static GuestRestore of(Path file, List<String> command) {
    return of(new SaveInFile(file), command);
  }

  /**
   * A restore of the save in a file, into a QEMU that waits because it was started with {@code
   * -incoming defer}. If the restore fails, it keeps waiting if possible. All restore modes except
   * instant are possible.
   *
   * @param file the save
   * @param waiting address of QEMU's QMP socket, which no other client may use meanwhile
   */
  public static GuestRestore of(Path file, Endpoint waiting) {
    return of(new SaveInFile(file), waiting);
  }

  /**
   * A restore of a save that need not be a file, into a QEMU that is started for it. Restore modes
   * instant and native are possible only with a local file; lazy and memory, with any store that
   * has random access.
   *
   * @param save opens the save, for example by {@link io.fixedram.store.Saves#open}; called once by
   *     each {@link #run}, {@link #start} or {@link #prepare}, in the calling thread. The restore
   *     closes the store when it is over, whether or not it succeeds.
   * @param command the words of a QEMU command line that describes the machine that was saved,
   *     without {@code -incoming}; a QMP socket for the restore is added
   */
  public static GuestRestore of(Supplier<? extends PageStore> save, List<String> command) {
    return of(save, new RestoreTarget.Command(command, Optional.empty(), Optional.empty()));
  }

  /**
   * A restore of a save that need not be a file, into a QEMU that waits. Restore mode native is
   * possible only with a local file.
   *
   * @param save opens the save, as in {@link #of(Supplier, List)}
   * @param waiting address of QEMU's QMP socket, which no other client may use meanwhile
   */
  public static GuestRestore of(Supplier<? extends PageStore> save, Endpoint waiting) {
    return of(save, new RestoreTarget.Waiting(waiting));
  }

  private static GuestRestore of(Supplier<? extends PageStore> save, RestoreTarget target) {
    return new GuestRestore(
        new RestoreRequest(
            save,
            target,
            RestoreMode.AUTO,
            false,
            DEFAULT_IN_PLACE_WITHIN,
            false,
            OptionalInt.empty(),
            false,
            Optional.empty(),
            Optional.empty(),
            List.of()),
        RestoreListener.NONE,
        Optional.empty());
  }

  /** Sets the restore mode; the restore fails if this mode is not possible. */
  public GuestRestore mode(RestoreMode mode) {
    return with(draft -> draft.mode = mode);
  }

  /** Leaves the guest stopped once it is loaded. */
  public GuestRestore paused() {
    return with(draft -> draft.paused = true);
  }

  /**
   * Verifies all of the save before it is restored ({@link io.fixedram.verify.Verification}). The
   * modes in which this process reads the pages check them anyway; in modes instant and native, it
   * is the only check. The save must be a sealed local file.
   */
  public GuestRestore verified() {
    return with(draft -> draft.verify = true);
  }

  /**
   * Restores the save only if it is signed with this key; nothing of it is used before its
   * signature was checked. In modes instant and native, in which QEMU reads the file itself, all of
   * it is verified before, and it is refused if other users may write to it; mode auto takes them
   * only with {@link #verified}.
   *
   * @param key the key; a save that is not given as a file must have been opened with it
   */
  public GuestRestore signedWith(SigningKey key) {
    return with(draft -> draft.key = Optional.of(key));
  }

  /**
   * Sets when mode auto prefers mode memory: if QEMU's memory can be found and all stored pages
   * written to it within this time. Otherwise it prefers modes in which the guest runs earlier, but
   * depends on the save or on this process. The time is predicted from QEMU's version, the size of
   * the pages and the speed of reading a sample of them.
   *
   * @param limit maximum time; zero to never prefer it
   */
  public GuestRestore inPlaceWithin(Duration limit) {
    return with(draft -> draft.inPlaceWithin = limit);
  }

  /**
   * Sets the id of QEMU's process, for mode memory, if another process created QEMU's QMP socket,
   * such as a manager that passed the socket on. The process is verified all the same.
   *
   * @param id process id in the pid namespace of this process
   * @throws IllegalStateException if QEMU is started for this restore
   */
  public GuestRestore process(int id) {
    if (!(request.target() instanceof RestoreTarget.Waiting)) {
      throw new IllegalStateException("the QEMU is started for this restore, which knows it");
    }
    return with(draft -> draft.process = OptionalInt.of(id));
  }

  /**
   * Sets the VM generation id, by which a guest with the device vmgenid detects that it is a copy.
   *
   * @param id the VM generation id
   * @throws IllegalStateException if QEMU is not started for this restore
   */
  public GuestRestore generationId(UUID id) {
    RestoreTarget.Command command = command();
    RestoreTarget target =
        new RestoreTarget.Command(command.command(), Optional.of(id), command.starter());
    return with(draft -> draft.target = target);
  }

  /**
   * Sets the starter of QEMU's process.
   *
   * @throws IllegalStateException if QEMU is not started for this restore
   */
  public GuestRestore starter(QemuStarter starter) {
    RestoreTarget.Command command = command();
    RestoreTarget target =
        new RestoreTarget.Command(command.command(), command.generationId(), Optional.of(starter));
    return with(draft -> draft.target = target);
  }

  private RestoreTarget.Command command() {
    if (request.target() instanceof RestoreTarget.Command command) {
      return command;
    }
    throw new IllegalStateException("the QEMU waits already: it is not started for this restore");
  }

  private GuestRestore with(Consumer<RestoreRequest.Draft> change) {
    return new GuestRestore(request.with(change), listener, cancellation);
  }

  /**
   * Restores the guest although one of its disks has certainly changed since the save, as the
   * manifest of the save shows. Without this, such a restore fails with {@link
   * io.fixedram.qemu.obstacle.LoadObstacle.DiskChanged}.
   */
  public GuestRestore acceptChangedDisks() {
    return with(draft -> draft.changedDisks = true);
  }

  /**
   * Gives the guest new, empty qcow2 overlays in place of the disks that it can write to. They are
   * made in a directory, over the images that belong to the save, which the guest only reads then,
   * so that a save can be restored any number of times. The command's options for disks are
   * rewritten. The overlays stay when the guest ends; if it never ran, they are deleted.
   *
   * @param directory an existing directory
   * @throws IllegalStateException if QEMU is not started for this restore
   */
  public GuestRestore newOverlays(Path directory) {
    var _ = command();
    return with(draft -> draft.newOverlays = Optional.of(directory));
  }

  /** Sets the listener. */
  public GuestRestore listener(RestoreListener listener) {
    return new GuestRestore(request, listener, cancellation);
  }

  /**
   * Sets the cancellation of the restore. While a guest runs that still needs pages, the first
   * request is refused ({@link Cancellation#cancel} returns false), and the second one stops the
   * guest.
   */
  public GuestRestore cancellation(Cancellation cancellation) {
    return new GuestRestore(request, listener, Optional.of(cancellation));
  }

  /**
   * Restores the guest in this thread. Returns when it is restored completely, and runs unless it
   * is to stay paused.
   *
   * @throws CancelledException if cancelled
   * @throws FixedRamException if the save cannot be read, does not fit the QEMU, or can't be
   *     loaded, with the reason; a QEMU that was started for it has been ended then
   */
  public RestoredGuest run() {
    return begin().run();
  }

  /**
   * Restores the guest in a new thread, which is not a daemon thread.
   *
   * @return the handle of the restore, whose methods also report failures
   * @throws FixedRamException if the save cannot be read, or the requested restore is not possible
   *     with it
   */
  public RestoredGuest start() {
    return begin().start();
  }

  /**
   * Prepares a restore into a QEMU that the caller starts with the returned command.
   *
   * @param qmpSocket path on which QEMU shall listen for QMP: unused, at most 107 bytes long,
   *     visible for QEMU and this process, and accessible only for them
   * @throws IllegalStateException if the QEMU waits already, or a starter was given
   * @throws IllegalArgumentException if the path is too long
   * @throws FixedRamException if the save cannot be read, or the requested restore is not possible
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
