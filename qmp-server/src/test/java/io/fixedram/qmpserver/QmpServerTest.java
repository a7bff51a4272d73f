// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qmpserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fixedram.bytes.ByteSource;
import io.fixedram.error.FixedRamException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.RamBlock;
import io.fixedram.layout.SaveFormat;
import io.fixedram.memory.GuestMemory;
import io.fixedram.memory.MemoryLoad;
import io.fixedram.memory.MemorySink;
import io.fixedram.qemu.qmp.Endpoint;
import io.fixedram.qemu.qmp.Json;
import io.fixedram.qemu.qmp.QmpClient;
import io.fixedram.qemu.qmp.QmpEvent;
import io.fixedram.qemu.qmp.QmpException;
import io.fixedram.qemu.save.AfterSave;
import io.fixedram.qemu.save.GuestSave;
import io.fixedram.qemu.save.SaveReport;
import io.fixedram.stream.StreamDecoder;
import io.fixedram.write.DirectMode;
import io.fixedram.write.WriteOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** An embedded guest driven by QMP clients: this project's own, and bare text. */
@Timeout(60)
class QmpServerTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final WriteOptions OPTIONS = new WriteOptions(DirectMode.OFF, false, 1);

  @TempDir Path directory;

  private final CountingGuest guest = new CountingGuest();
  private final ServedGuest served =
      new ServedGuest(guest.memory(), guest, Configuration.of("counter-1"));
  private final List<AutoCloseable> open = new ArrayList<>();
  private Endpoint.Unix endpoint = new Endpoint.Unix(Path.of("none"));

  @BeforeEach
  void serve() {
    endpoint = new Endpoint.Unix(directory.resolve("qmp"));
    open.add(guest);
    open.add(QmpServer.start(endpoint.path(), served, OPTIONS));
  }

  @AfterEach
  void close() throws Exception {
    served.close();
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private QmpClient client() {
    QmpClient client = QmpClient.connect(endpoint);
    open.add(client);
    return client;
  }

  private static void set(QmpClient client, String capability, boolean state) {
    client.execute(
        "migrate-set-capabilities",
        Map.of("capabilities", List.of(Map.of("capability", capability, "state", state))));
  }

  private static String status(QmpClient client) {
    return client.execute("query-migrate").findText("status").orElse("none");
  }

  private static void awaitStatus(QmpClient client, String wanted) throws InterruptedException {
    for (int i = 0; i < 3000 && !status(client).equals(wanted); i++) {
      Thread.sleep(10);
    }
    assertThat(status(client)).isEqualTo(wanted);
  }

  private Path file() {
    return directory.resolve("save");
  }

  private void assertFileHoldsTheGuest() {
    try (Arena arena = Arena.ofShared()) {
      GuestMemory loaded = GuestMemory.allocate(arena, CountingGuest.BLOCKS);
      try (MemoryLoad load = MemoryLoad.open(file(), loaded)) {
        load.load(1);
      }
      assertEqual(loaded);
    }
  }

  private void assertEqual(GuestMemory loaded) {
    for (RamBlock block : CountingGuest.BLOCKS.list()) {
      assertThat(loaded.segment(block).mismatch(guest.memory().segment(block))).isEqualTo(-1);
    }
  }

  private static List<String> eventsUntil(QmpClient client, String last) {
    List<String> seen = new ArrayList<>();
    while (seen.isEmpty() || !seen.getLast().equals(last)) {
      QmpEvent event = client.nextEvent(LONG).orElseThrow();
      String data = event.data().findText("status").map(status -> " " + status).orElse("");
      if (!event.name().equals("MIGRATION_PASS") || !seen.contains("MIGRATION_PASS")) {
        seen.add(event.name() + data);
      }
    }
    return seen;
  }

  @Test
  void migratesIntoAFileAndGoesOn() throws Exception {
    QmpClient client = client();
    assertThat(client.execute("query-migrate").toString()).isEqualTo("{}");
    set(client, "x-fixed-ram", true);
    set(client, "events", true);
    client.execute("migrate-set-parameters", Map.of("max-bandwidth", 0, "x-max-passes", 3));
    client.execute("migrate", Map.of("uri", "file:" + file(), "detach", true));
    assertThat(eventsUntil(client, "MIGRATION completed"))
        .containsExactly(
            "MIGRATION setup", "MIGRATION_PASS", "MIGRATION active", "STOP", "MIGRATION completed");
    Json status = client.execute("query-status");
    assertThat(status.get("status").text()).isEqualTo("postmigrate");
    assertThat(status.get("running").flag()).isFalse();
    assertFileHoldsTheGuest();

    Json info = client.execute("query-migrate");
    Json ram = info.get("ram");
    assertThat(info.get("status").text()).isEqualTo("completed");
    assertThat(info.get("total-time").number()).isGreaterThanOrEqualTo(0);
    assertThat(info.get("downtime").number()).isGreaterThanOrEqualTo(0);
    assertThat(ram.get("total").number()).isEqualTo(CountingGuest.BLOCKS.totalBytes());
    assertThat(ram.get("normal").number()).isGreaterThanOrEqualTo(2048);
    assertThat(ram.get("normal-bytes").number()).isEqualTo(ram.get("normal").number() * 4096);
    assertThat(ram.get("transferred").number()).isEqualTo(ram.get("normal-bytes").number());
    assertThat(ram.get("remaining").number()).isZero();
    assertThat(ram.get("dirty-sync-count").number()).isGreaterThanOrEqualTo(3);
    assertThat(ram.get("page-size").number()).isEqualTo(4096);

    assertThatThrownBy(() -> client.execute("migrate", Map.of("uri", "file:" + file())))
        .isInstanceOf(QmpException.class)
        .hasMessageContaining("has not run since it was migrated");
    client.execute("cont");
    assertThat(eventsUntil(client, "RESUME")).containsExactly("RESUME");
    long before = guest.count();
    while (guest.count() == before) {
      Thread.onSpinWait();
    }
    client.execute("migrate", Map.of("uri", "file:" + file()));
    awaitStatus(client, "completed");
    assertFileHoldsTheGuest();
  }

  @Test
  void migratesOverASocket() throws Exception {
    Path socket = directory.resolve("to");
    try (ServerSocketChannel listening =
            ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(socket));
        Arena arena = Arena.ofShared()) {
      client().execute("migrate", Map.of("uri", "unix:" + socket));
      GuestMemory loaded = GuestMemory.allocate(arena, CountingGuest.BLOCKS);
      try (SocketChannel from = listening.accept();
          MemorySink sink = new MemorySink(loaded)) {
        new StreamDecoder(ByteSource.of(from, "socket"), "socket").sendTo(sink);
      }
      awaitStatus(client(), "completed");
      assertEqual(loaded);
    }
  }

  /** What saves a QEMU saves this guest, whatever the format. */
  @ParameterizedTest
  @EnumSource(SaveFormat.class)
  void savedLikeAQemu(SaveFormat format) {
    GuestSave request =
        GuestSave.of(endpoint, file()).format(format).options(OPTIONS).maxPasses(10);
    SaveReport report = request.run();
    assertThat(report.ramBytes()).isEqualTo(CountingGuest.BLOCKS.totalBytes());
    assertThat(served.runState()).isEqualTo(RunState.POSTMIGRATE);
    assertThat(served.capabilities().on()).isEmpty();
    assertThat(served.parameters().maxBandwidth()).isEqualTo(128L << 20);
    assertFileHoldsTheGuest();
  }

  /** A client may start the guest as soon as it sees that the migration has completed. */
  @Test
  void contIsTakenAtOnceAfterCompletion() {
    QmpClient client = client();
    for (int i = 0; i < 20; i++) {
      client.execute("migrate", Map.of("uri", "file:" + file()));
      while (!status(client).equals("completed")) {
        Thread.onSpinWait();
      }
      client.execute("cont");
    }
  }

  @Test
  void savedAndResumedLikeAQemu() {
    GuestSave request =
        GuestSave.of(endpoint, file())
            .format(SaveFormat.FIXED_RAM)
            .stopFirst()
            .then(AfterSave.RESUME)
            .options(OPTIONS)
            .maxPasses(10);
    request.run();
    assertThat(served.runState()).isEqualTo(RunState.RUNNING);
  }

  @ParameterizedTest
  @CsvSource({
    "multifd, multifd",
    "xbzrle, xbzrle",
    "compress, compression",
    "postcopy-ram, postcopy ram"
  })
  void refusesInTheProposalsWords(String capability, String words) {
    QmpClient client = client();
    set(client, "fixed-ram", true);
    assertThatThrownBy(() -> set(client, capability, true))
        .isInstanceOf(QmpException.class)
        .hasMessageContaining("Directly mapped memory incompatible with " + words);
    Map<String, Boolean> states = new TreeMap<>();
    for (Json each : client.execute("query-migrate-capabilities").items()) {
      states.put(each.get("capability").text(), each.get("state").flag());
    }
    assertThat(states).containsEntry("fixed-ram", true).containsEntry(capability, false);
    assertThat(states.values().stream().filter(on -> on)).hasSize(1);
  }

  @Test
  void fixedRamNeedsASeekableTransportAndConnectsToNone() throws IOException {
    Path socket = directory.resolve("to");
    QmpClient client = client();
    set(client, "fixed-ram", true);
    try (ServerSocketChannel listening =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(socket))) {
      assertThatThrownBy(() -> client.execute("migrate", Map.of("uri", "unix:" + socket)))
          .isInstanceOf(QmpException.class)
          .hasMessageContaining("Directly mapped memory requires a seekable transport");
      listening.configureBlocking(false);
      assertThat(listening.accept()).isNull();
    }
  }

  @Test
  void cancelledMigrationLetsTheGuestRun() throws Exception {
    QmpClient client = client();
    set(client, "events", true);
    client.execute("migrate_cancel");
    client.execute("migrate-set-parameters", Map.of("max-bandwidth", 1000));
    client.execute("migrate", Map.of("uri", "file:" + file()));
    awaitStatus(client, "active");
    assertThatThrownBy(() -> set(client, "fixed-ram", true))
        .hasMessageContaining("a migration is under way");
    assertThatThrownBy(() -> client.execute("migrate", Map.of("uri", "file:" + file())))
        .hasMessageContaining("a migration is under way");
    assertThat(client.execute("query-migrate").get("expected-downtime").number()).isEqualTo(300);
    client.execute("migrate_cancel");
    assertThat(eventsUntil(client, "MIGRATION cancelled"))
        .endsWith("MIGRATION cancelling", "MIGRATION cancelled");
    assertThat(client.execute("query-status").get("running").flag()).isTrue();
    assertThat(file()).doesNotExist();
  }

  @Test
  void pausedGuestStaysPausedWhenItsMigrationIsCancelled() throws Exception {
    QmpClient client = client();
    set(client, "pause-before-switchover", true);
    client.execute("stop");
    client.execute("stop");
    client.execute("migrate", Map.of("uri", "file:" + file()));
    awaitStatus(client, "pre-switchover");
    client.execute("migrate_cancel");
    awaitStatus(client, "cancelled");
    assertThat(client.execute("query-status").get("status").text()).isEqualTo("paused");
    client.execute("cont");
    client.execute("cont");
    assertThat(client.execute("query-status").get("status").text()).isEqualTo("running");
  }

  @Test
  void continuesFromPreSwitchover() throws Exception {
    QmpClient client = client();
    set(client, "pause-before-switchover", true);
    Map<String, Object> state = Map.of("state", "pre-switchover");
    assertThatThrownBy(() -> client.execute("migrate-continue", state))
        .hasMessageContaining("the migration is not in the state pre-switchover");
    client.execute("migrate", Map.of("uri", "file:" + file()));
    awaitStatus(client, "pre-switchover");
    assertThat(client.execute("query-status").get("status").text()).isEqualTo("finish-migrate");
    assertThatThrownBy(() -> client.execute("cont"))
        .hasMessageContaining("the guest is stopped for its migration");
    client.execute("migrate-continue", state);
    awaitStatus(client, "completed");
    assertFileHoldsTheGuest();
  }

  @Test
  void failureSaysWhy() throws Exception {
    QmpClient client = client();
    assertThatThrownBy(() -> client.execute("migrate", Map.of("uri", "file:" + directory)))
        .hasMessageContaining("it is a directory");
    assertThat(client.execute("query-migrate").toString()).isEqualTo("{}");
    Path socket = directory.resolve("to");
    try (ServerSocketChannel listening =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(socket))) {
      client.execute("migrate", Map.of("uri", "unix:" + socket));
      listening.accept().close();
    }
    awaitStatus(client, "failed");
    assertThat(client.execute("query-migrate").get("error-desc").text())
        .contains("cannot write to " + socket);
    assertThat(client.execute("query-status").get("running").flag()).isTrue();
  }

  private static List<Long> parameters(QmpClient client) {
    Json parameters = client.execute("query-migrate-parameters");
    return List.of(
        parameters.get("max-bandwidth").number(),
        parameters.get("downtime-limit").number(),
        parameters.get("x-max-passes").number());
  }

  @Test
  void parametersAreSetAndChecked() {
    QmpClient client = client();
    assertThat(parameters(client)).containsExactly(134_217_728L, 300L, 0L);
    client.execute(
        "migrate-set-parameters",
        Map.of(
            "downtime-limit",
            20,
            "max-bandwidth",
            1 << 20,
            "multifd-channels",
            2,
            "tls-creds",
            "",
            "compress-wait-thread",
            true));
    assertThat(parameters(client)).containsExactly(1L << 20, 20L, 0L);
    for (Map<String, Object> wrong :
        List.<Map<String, Object>>of(
            Map.of("downtime-limit", 2_000_001),
            Map.of("max-bandwidth", -1),
            Map.of("x-max-passes", -1),
            Map.of("max-bandwidth", "fast"),
            Map.of("max-bandwidth", 1.5),
            Map.of("max-bandwidth", 0, "multifd-channels", 4),
            Map.of("tls-creds", "x"),
            Map.of("compress-wait-thread", false),
            Map.of("no-such", 1))) {
      assertThatThrownBy(() -> client.execute("migrate-set-parameters", wrong))
          .as("%s", wrong)
          .isInstanceOf(QmpException.class);
    }
    assertThat(client.execute("query-migrate-parameters").get("max-bandwidth").number())
        .isEqualTo(1 << 20);
  }

  @ParameterizedTest
  @CsvSource({
    "exec:cat, 'give file:PATH, unix:PATH or tcp:HOST:PORT'",
    "'file:x,offset=4096', 'give no offset'",
    "tcp:nowhere, 'is not tcp:HOST:PORT'",
    "unix:, 'names no socket'",
    "unix:/no/such/socket, 'cannot connect to /no/such/socket'",
    "tcp:127.0.0.1:1, 'cannot connect to tcp:127.0.0.1:1'"
  })
  void targetsThatAreNoneAreRefused(String uri, String words) {
    assertThatThrownBy(() -> client().execute("migrate", Map.of("uri", uri)))
        .isInstanceOf(QmpException.class)
        .hasMessageContaining(words);
  }

  /** Written as some clients write: all at once or in pieces, with and without an end of line. */
  @Test
  void takesMessagesHoweverTheyCome() throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(endpoint.path()))) {
      assertThat(line(client)).startsWith("{\"QMP\":").contains("\"capabilities\":[]");
      write(client, "{\"execute\":\"query-status\"}");
      assertThat(line(client)).contains("CommandNotFound").contains("qmp_capabilities");
      write(client, "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-status\",\"id\":{");
      assertThat(line(client)).isEqualTo("{\"return\":{}}");
      write(client, "\"a\":[1,\"}\\\"\"]}}\r\n  \n");
      assertThat(line(client))
          .contains("\"status\":\"running\"")
          .contains("\"id\":{\"a\":[1,\"}\\\"\"]}");
      write(client, "{\"execute\":\"quit\",\"id\":7}\n");
      assertThat(line(client))
          .contains("\"class\":\"CommandNotFound\"")
          .contains("\"desc\":\"The command quit has not been found\"")
          .endsWith("\"id\":7}");
      write(client, "{\"execute\":\"stop\",\"arguments\":{\"now\":true}}");
      assertThat(line(client)).contains("GenericError").contains("Parameter 'now' is unexpected");
      write(client, "{\"execute\":\"stop\",\"arguments\":[]}{\"command\":1}{nonsense}");
      assertThat(line(client)).contains("must be an object");
      assertThat(line(client)).contains("'execute'");
      assertThat(line(client)).contains("not JSON");
      write(client, "hello");
      assertThat(line(client)).contains("a message begins with '{'");
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
    assertThat(served.runState()).isEqualTo(RunState.RUNNING);
  }

  /** A name that is changed on its way would be another file's. */
  @Test
  void bytesThatAreNotUtf8EndTheSession() throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(endpoint.path()))) {
      line(client);
      client.write(
          ByteBuffer.wrap("{\"execute\":\"na\u00efve\"}".getBytes(StandardCharsets.ISO_8859_1)));
      assertThat(line(client)).contains("a message is not UTF-8");
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @Test
  void tooLongAMessageEndsTheSession() throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(endpoint.path()))) {
      line(client);
      write(client, "{\"execute\":\"" + "x".repeat(1 << 20));
      assertThat(line(client)).contains("a message is at most 1048576 bytes");
    }
    assertThat(client().execute("query-status").get("running").flag()).isTrue();
  }

  /** It reads no answers, and waits until all that it says is read. */
  @Test
  void tooLongAMessageOfAClientThatDoesNotReadEndsTheSession() throws IOException {
    String unknown = "{\"execute\": \"query-nope\", \"id\": \"" + "x".repeat(1000) + "\"}";
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(endpoint.path()))) {
      write(client, "{\"execute\": \"qmp_capabilities\"}" + unknown.repeat(1500));
      assertThatThrownBy(() -> write(client, "{\"execute\":\"" + "x".repeat(4 << 20)))
          .isInstanceOf(IOException.class);
    }
  }

  private static void write(SocketChannel client, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
  }

  private static String line(SocketChannel client) throws IOException {
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (line.indexOf("\r\n") < 0 && client.read(one.clear()) > 0) {
      line.append((char) one.get(0));
    }
    return line.toString().strip();
  }

  @Test
  void severalClientsHearTheSame() {
    QmpClient first = client();
    QmpClient second = client();
    first.execute("stop");
    assertThat(second.nextEvent(LONG).map(QmpEvent::name)).isEqualTo(Optional.of("STOP"));
    second.execute("cont");
    assertThat(eventsUntil(first, "RESUME")).containsExactly("STOP", "RESUME");
  }

  @Test
  void socketIsTheUsersAloneAndIsReplacedWhenAbandoned() throws Exception {
    assertThat(Files.getPosixFilePermissions(endpoint.path()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThatThrownBy(() -> QmpServer.start(endpoint.path(), served, OPTIONS))
        .isInstanceOf(FixedRamException.class)
        .hasMessageContaining("another process serves there");
    Path abandoned = directory.resolve("abandoned");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(abandoned))
        .close();
    assertThat(abandoned).exists();
    try (QmpServer again = QmpServer.start(abandoned, served, OPTIONS);
        QmpClient client = QmpClient.connect(new Endpoint.Unix(abandoned))) {
      assertThat(again).isNotNull();
      assertThat(client.execute("query-commands").items()).hasSizeGreaterThan(10);
    }
    assertThat(abandoned).doesNotExist();
    Path file = Files.createFile(directory.resolve("file"));
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    for (Path other : List.of(file, fifo, directory)) {
      assertThatThrownBy(() -> QmpServer.start(other, served, OPTIONS))
          .hasMessageContaining("it exists and is not a socket");
      assertThat(other).exists();
    }
  }

  /** Its queue is full, so that it can't be connected to: it is no abandoned one. */
  @Test
  void socketOfABusyServerIsLeftAlone() throws IOException {
    Path busy = directory.resolve("busy");
    List<SocketChannel> waiting = new ArrayList<>();
    try (ServerSocketChannel listening =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(busy), 1)) {
      for (int i = 0; i < 2; i++) {
        waiting.add(SocketChannel.open(UnixDomainSocketAddress.of(busy)));
      }
      assertThatThrownBy(() -> QmpServer.start(busy, served, OPTIONS))
          .hasMessageContaining("another process serves there");
      assertThat(busy).exists();
      assertThat(listening.isOpen()).isTrue();
    } finally {
      for (SocketChannel each : waiting) {
        each.close();
      }
    }
  }

  /** Its file was taken away meanwhile, and another listens in its place. */
  @Test
  void closeLeavesAnothersSocket() throws IOException {
    Path socket = directory.resolve("taken");
    QmpServer server = QmpServer.start(socket, served, OPTIONS);
    // Kept, so that its number is not given to the next.
    Files.move(socket, directory.resolve("aside"));
    try (ServerSocketChannel _ =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            .bind(UnixDomainSocketAddress.of(socket))) {
      server.close();
      assertThat(socket).exists();
    }
  }

  /** Clients that come while the server is being closed are not served after it. */
  @Test
  void nobodyIsServedAfterClose() throws Exception {
    for (int round = 0; round < 300; round++) {
      Path socket = directory.resolve("closing-" + round);
      QmpServer server = QmpServer.start(socket, served, OPTIONS);
      CountDownLatch connecting = new CountDownLatch(1);
      List<SocketChannel> clients = new ArrayList<>();
      Thread client =
          Thread.ofPlatform()
              .start(() -> {
                connecting.countDown();
                try {
                  for (int i = 0; i < 20; i++) {
                    clients.add(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
                  }
                } catch (IOException e) {
                  // The server is closed now.
                  connecting.countDown();
                }
              });
      connecting.await();
      server.close();
      client.join();
      for (SocketChannel each : clients) {
        assertThat(isServed(each)).as("round %d", round).isFalse();
        each.close();
      }
    }
  }

  private static boolean isServed(SocketChannel client) {
    try {
      write(client, "{\"execute\":\"qmp_capabilities\"}");
      // Its first line may be the greeting.
      return (line(client) + line(client)).contains("return");
    } catch (IOException e) {
      return false;
    }
  }

  /** It has said all it wanted to, and never reads: closing the server ends it too. */
  @Test
  void clientThatOnlySendsEndsWithTheServer() throws Exception {
    Path socket = directory.resolve("half");
    QmpServer server = QmpServer.start(socket, served, OPTIONS);
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      line(client);
      String command = "{\"execute\":\"query-commands\"}";
      write(client, "{\"execute\":\"qmp_capabilities\"}" + command.repeat(2000));
      client.shutdownOutput();
      // Time in which the session reads all of that, and waits to be read itself.
      Thread.sleep(500);
      server.close();
      assertThat(bytesToTheEnd(client)).isPositive();
    }
  }

  private static long bytesToTheEnd(SocketChannel client) {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    long bytes = 0;
    try {
      while (client.read(buffer.clear()) >= 0) {
        bytes += buffer.position();
      }
    } catch (IOException e) {
      // What it had sent and nobody read makes the end a reset.
      assertThat(e).hasMessageContaining("reset");
    }
    return bytes;
  }

  @Test
  void nothingTouchesAGuestThatIsClosed() {
    QmpClient client = client();
    served.close();
    for (String command : List.of("stop", "cont")) {
      assertThatThrownBy(() -> client.execute(command)).hasMessageContaining("the guest is ending");
    }
    assertThatThrownBy(() -> client.execute("migrate", Map.of("uri", "file:" + file())))
        .hasMessageContaining("the guest is ending");
    assertThat(file()).doesNotExist();
  }

  @Test
  void quitEndsAGuestThatCanBeEnded() throws Exception {
    CountDownLatch quit = new CountDownLatch(1);
    Path socket = directory.resolve("ends");
    QmpServer server = QmpServer.start(socket, served, OPTIONS, quit::countDown);
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      line(client);
      write(client, "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}");
      assertThat(quit.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
      server.close();
      assertThat(line(client)).isEqualTo("{\"return\":{}}");
      assertThat(line(client)).as("the answer to quit").isEqualTo("{\"return\":{}}");
      assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  /** A guest that was paused before must not run until it is saved. */
  @Test
  void contIsRefusedWhileAPausedGuestIsMigrated() throws Exception {
    QmpClient client = client();
    set(client, "pause-before-switchover", true);
    client.execute("stop");
    client.execute("migrate", Map.of("uri", "file:" + file()));
    awaitStatus(client, "pre-switchover");
    assertThat(client.execute("query-status").get("status").text()).isEqualTo("finish-migrate");
    assertThatThrownBy(() -> client.execute("cont"))
        .hasMessageContaining("the guest is stopped for its migration");
    client.execute("migrate-continue", Map.of("state", "pre-switchover"));
    awaitStatus(client, "completed");
    assertFileHoldsTheGuest();
    client.execute("cont");
    client.execute("stop");
    long count = guest.count();
    Thread.sleep(20);
    assertThat(guest.count()).isEqualTo(count);
  }

  @Test
  void stopDuringAMigrationOutlastsIt() throws Exception {
    QmpClient client = client();
    set(client, "pause-before-switchover", true);
    client.execute("migrate", Map.of("uri", "file:" + file()));
    awaitStatus(client, "pre-switchover");
    client.execute("stop");
    client.execute("migrate_cancel");
    awaitStatus(client, "cancelled");
    assertThat(client.execute("query-status").get("status").text()).isEqualTo("paused");
    client.execute("cont");
    assertThat(client.execute("query-status").get("status").text()).isEqualTo("running");
  }

  /** As libvirt and others call it. */
  @Test
  void takesTheArgumentsThatClientsSend() throws Exception {
    QmpClient client = client();
    client.execute(
        "migrate", Map.of("uri", "file:" + file(), "detach", true, "resume", false, "blk", false));
    awaitStatus(client, "completed");
    assertFileHoldsTheGuest();
    client.execute("cont");
    Map<String, Object> address = Map.of("transport", "file", "filename", file(), "offset", 0);
    client.execute(
        "migrate", Map.of("channels", List.of(Map.of("channel-type", "main", "addr", address))));
    awaitStatus(client, "completed");
    assertFileHoldsTheGuest();
    Json ram = client.execute("query-migrate").get("ram");
    for (String member : List.of("multifd-bytes", "postcopy-requests", "downtime-bytes")) {
      assertThat(ram.get(member).number()).isNotNegative();
    }
    assertThat(ram.get("precopy-bytes").number() + ram.get("downtime-bytes").number())
        .isEqualTo(ram.get("transferred").number());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'uri':'file:x','resume':true} | 'resume' is not provided",
        "{'uri':'file:x','channels':[]} | either 'uri' or 'channels'",
        "{'channels':[]} | one channel only",
        "{} | an object with 'uri'",
        "{'channels':[{'addr':{'transport':'exec','args':[]}}]} | give file or socket",
        "{'channels':[{'addr':{'transport':'socket','type':'fd','str':'3'}}]} | give unix or inet",
        "{'channels':[{'addr':{'transport':'file','filename':'x','offset':1}}]} | give offset 0",
        "{'channels':[{'addr':{'transport':'socket','type':'inet','host':'h','port':'x'}}]} | tcp:",
        "{'uri':'file:'} | it names no file",
        "{'uri':'file:a\\u0000b'} | Nul character not allowed",
        "{'uri':'file:x,offset=0'} | give no offset",
      })
  void refusesOtherArgumentsOfMigrate(String json, String words) {
    Map<String, Object> arguments = new TreeMap<>();
    Map<?, ?> parsed = (Map<?, ?>) Json.parse(json.replace('\'', '"')).raw();
    parsed.forEach((name, value) -> arguments.put((String) name, value));
    assertThatThrownBy(() -> client().execute("migrate", arguments))
        .isInstanceOf(QmpException.class)
        .hasMessageContaining(words);
    assertThat(served.migration()).isEmpty();
  }

  /** What waits for a client that does not read is bounded, and holds up nobody. */
  @Test
  void clientThatDoesNotReadIsCutOff() throws IOException {
    byte[] message =
        ("{\"execute\":\"x\",\"id\":\"" + "i".repeat(1 << 19) + "\"}")
            .getBytes(StandardCharsets.US_ASCII);
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(endpoint.path()))) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100; i++) {
                  ByteBuffer bytes = ByteBuffer.wrap(message);
                  while (bytes.hasRemaining()) {
                    client.write(bytes);
                  }
                }
              })
          .isInstanceOf(IOException.class);
    }
    assertThat(client().execute("query-status").get("running").flag()).isTrue();
  }
}
