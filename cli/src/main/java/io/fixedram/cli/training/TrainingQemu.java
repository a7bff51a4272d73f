// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.training;

import io.fixedram.error.StorageException;
import io.fixedram.os.AnonymousMemory;
import io.fixedram.os.Threads;
import io.fixedram.os.UnixListener;
import io.fixedram.qemu.qmp.Json;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Answers QMP commands as a QEMU would whose guest is a piece of this process's memory, so that a
 * save or a restore in place in the same process finds what it looks for: a process with the vCPU's
 * thread, a file that was passed to it, and RAM at the listed address. Refuses all other commands,
 * among them those that begin a migration.
 */
public final class TrainingQemu implements AutoCloseable {
  /** The first major version that lists addresses of blocks; an older QEMU is searched for them. */
  private static final int LISTING_VERSION = 8;

  private static final String BLOCK = "pc.ram";
  private static final int MAGIC = 0x5145_564d;
  private static final int VERSION = 3;
  private static final int SECTION_FULL = 4;
  private static final int FOOTER = 0x7e;
  private static final String RUN_STATE = "globalstate";
  private static final int RUN_STATE_BYTES = 104;
  private static final Path OWN_FILES = Path.of("/proc/self/fd");

  private final Arena arena = Arena.ofShared();
  private final MemorySegment ram;
  private final int major;
  private final ServerSocketChannel listening;
  private final Thread serving;

  /** The guest's state in QMP's spelling. */
  private String state;

  private TrainingQemu(ServerSocketChannel listening, int major, String state, long ramBytes) {
    this.listening = listening;
    this.major = major;
    this.state = state;
    this.ram = AnonymousMemory.allocate(arena, ramBytes);
    this.serving = Thread.ofPlatform().daemon().name("training qemu").unstarted(this::serve);
  }

  /**
   * Listens on a socket.
   *
   * @param major major version
   * @param state state of the guest in QMP's spelling: running, or inmigrate for a QEMU that waits
   *     for a guest
   */
  public static TrainingQemu listen(Path socket, int major, String state, long ramBytes) {
    try {
      TrainingQemu qemu = new TrainingQemu(UnixListener.listen(socket, 0), major, state, ramBytes);
      if (state.equals("running")) {
        qemu.ram.asSlice(0, ramBytes / 2).fill((byte) 1);
      }
      qemu.serving.start();
      return qemu;
    } catch (IOException e) {
      throw new StorageException("cannot listen on " + socket + ": " + e.getMessage(), e);
    }
  }

  private void serve() {
    while (listening.isOpen()) {
      try (SocketChannel client = listening.accept();
          Writer out = Channels.newWriter(client, StandardCharsets.UTF_8);
          BufferedReader in =
              new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8))) {
        say(
            out,
            "{\"QMP\": {\"version\": {\"qemu\": {\"major\": %d, \"minor\": 0, \"micro\": 0}}}}"
                .formatted(major));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          Json message = Json.parse(line);
          say(out, "{%s%s}".formatted(outcome(message), id(message)));
        }
      } catch (IOException e) {
        // The client is gone, or the training is over.
      }
    }
  }

  /** The guard of a save does without one. */
  private static String id(Json message) {
    return message.find("id").map(id -> ", \"id\": " + id.number()).orElse("");
  }

  private static void say(Writer out, String line) throws IOException {
    out.write(line + "\n");
    out.flush();
  }

  private String outcome(Json message) throws IOException {
    String answer =
        switch (message.get("execute").text()) {
          case "qmp_capabilities", "remove-fd", "migrate-set-capabilities" -> "{}";
          case "query-migrate", "migrate-set-parameters", "query-migrate-parameters" -> "{}";
          case "query-block-jobs", "query-jobs", "query-block", "query-named-block-nodes" -> "[]";
          case "query-migrate-capabilities" ->
              "[{\"capability\": \"postcopy-ram\", \"state\": false}]";
          case "qom-list" -> "[{\"name\": \"device[0]\", \"type\": \"child<isa-serial>\"}]";
          case "qom-get" -> "\"training-machine\"";
          case "query-target" -> "{\"arch\": \"x86_64\"}";
          case "query-cpus-fast" ->
              "[{\"thread-id\": %d}]".formatted(ProcessHandle.current().pid());
          case "query-status" ->
              "{\"status\": \"%s\", \"running\": %b}".formatted(state, state.equals("running"));
          case "stop" -> become("paused");
          case "cont" -> become("running");
          case "add-fd" -> "{\"fdset-id\": 1, \"fd\": %s}".formatted(passedFile().getFileName());
          case "xen-save-devices-state" -> saveDevices();
          case "human-monitor-command" ->
              monitor(message.get("arguments").get("command-line").text());
          default -> "";
        };
    return answer.isEmpty()
        ? "\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"not in a training\"}"
        : "\"return\": " + answer;
  }

  private String become(String next) {
    state = next;
    return "{}";
  }

  private String monitor(String line) {
    long host = ram.address();
    String text =
        switch (line.split(" ", -1)[0] + (line.contains("mtree") ? " mtree" : "")) {
          case "info" -> blocks(host);
          case "info mtree" ->
              "FlatView #0\n AS \"memory\", root: system\n  %016x-%016x (prio 0, ram): %s\n"
                  .formatted(0, ram.byteSize() - 1, BLOCK);
          default -> {
            long address = Long.decode(line.substring(line.lastIndexOf(' ') + 1));
            yield "Host virtual address for 0x%x (%s) is 0x%x\n"
                .formatted(address, BLOCK, host + address);
          }
        };
    return "\"" + text.replace("\"", "\\\"").replace("\n", "\\r\\n") + "\"";
  }

  private String blocks(long host) {
    String listed = major < LISTING_VERSION ? "" : " 0x%016x".formatted(host);
    return "Block Name PSize Offset Used Total\n%s  4 KiB  0x%016x 0x%016x 0x%016x%s\n"
        .formatted(BLOCK, 0, ram.byteSize(), ram.byteSize(), listed);
  }

  /** The file that was passed last: it is open in this process anyway. */
  private static Path passedFile() throws IOException {
    try (Stream<Path> files = Files.list(OWN_FILES)) {
      return files.filter(TrainingQemu::isInMemory).findFirst().orElseThrow();
    }
  }

  private static boolean isInMemory(Path file) {
    try {
      return Files.readSymbolicLink(file).toString().startsWith("/memfd:fixedram-");
    } catch (IOException e) {
      // Closed meanwhile.
      return false;
    }
  }

  /** Writes a state with one section into the file that was passed last. */
  private static String saveDevices() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeInt(VERSION);
      out.writeByte(SECTION_FULL);
      out.writeInt(1);
      out.writeByte(RUN_STATE.length());
      out.writeBytes(RUN_STATE);
      out.writeInt(0);
      out.writeInt(1);
      out.write(new byte[RUN_STATE_BYTES]);
      out.writeByte(FOOTER);
      out.writeInt(1);
      out.writeByte(0);
    }
    Files.write(passedFile(), bytes.toByteArray());
    return "{}";
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (IOException e) {
      throw new StorageException("cannot stop listening: " + e.getMessage(), e);
    }
    Threads.joinUninterruptibly(serving);
    arena.close();
  }
}
