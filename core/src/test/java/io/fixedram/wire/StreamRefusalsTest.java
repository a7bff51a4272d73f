// SPDX-License-Identifier: Apache-2.0
package io.fixedram.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.fixedram.bytes.ByteSource;
import io.fixedram.bytes.ByteTarget;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import io.fixedram.error.StorageException;
import io.fixedram.error.UnsupportedSaveException;
import io.fixedram.guest.Configuration;
import io.fixedram.guest.DeviceState;
import io.fixedram.guest.RamBlock;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.testing.Bytes;
import io.fixedram.testing.Guest;
import io.fixedram.testing.GuestSink;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each sentence by which a stream is refused. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StreamRefusalsTest {
  private static final RamBlock RAM = new RamBlock(0, "pc.ram", 8192);
  private static final Guest GUEST = Guest.of(RAM);
  private static final Optional<RamBlock> OF_RAM = Optional.of(RAM);
  private static final String CARRY =
      ", which cannot be carried: only the guest's RAM and the state of devices after it can;"
          + " remove the device or switch off what sends it";

  private static final class Zeros extends InputStream {
    @Override
    public int read() {
      return 0;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      Arrays.fill(into, offset, offset + length, (byte) 0);
      return length;
    }
  }

  private static Arguments damaged(String name, Bytes stream, long at, String what) {
    return argumentSet(
        name,
        stream.toArray(),
        DamagedSaveException.class,
        "a stream is damaged at offset " + at + ": " + what);
  }

  private static Arguments unsupported(String name, Bytes stream, String message) {
    return argumentSet(name, stream.toArray(), UnsupportedSaveException.class, message);
  }

  private static Bytes with(Bytes start, Consumer<Bytes> more) {
    more.accept(start);
    return start;
  }

  /** A configuration section with a body of the test's own. */
  private static Bytes configured(Consumer<Bytes> more) {
    return with(new Bytes().magic().u8(7).be32(2).text("pc"), more);
  }

  private static Bytes started(Consumer<Bytes> more) {
    return with(new Bytes().head().startRam(2), more);
  }

  private static Bytes listed(Consumer<Bytes> more) {
    return with(new Bytes().head().startRam(2).list(List.of(RAM)), more);
  }

  /** After the payload of SECTION_START and its footer. */
  private static Bytes running(Consumer<Bytes> more) {
    return listed(out -> more.accept(out.eos().footer(2)));
  }

  private static Bytes ended(Consumer<Bytes> more) {
    return running(out -> more.accept(out.end(2).eos().footer(2)));
  }

  private static final int HEAD = new Bytes().head().size();
  private static final int CONFIGURED = configured(out -> {}).size();
  private static final int STARTED = started(out -> {}).size();
  private static final int LISTED = listed(out -> {}).size();
  private static final int RUNNING = running(out -> {}).size();
  private static final int ENDED = ended(out -> {}).size();

  static Stream<Arguments> heads() {
    return Stream.of(
        damaged(
            "nothing", new Bytes(), 0, "it does not begin like a QEMU migration stream or save"),
        damaged(
            "another file",
            new Bytes().text("QCOW something"),
            0,
            "it does not begin like a QEMU migration stream or save"),
        unsupported(
            "another version",
            new Bytes().be32(0x5145564d).be32(2).u8(7),
            "a stream is of stream version 2, only version 3 is known"),
        damaged(
            "an old machine type",
            new Bytes().magic().u8(1),
            8,
            "no configuration section (machine types before 2.4 send none)"),
        damaged(
            "a long machine name",
            new Bytes().magic().u8(7).be32(256),
            9,
            "a machine name of 256 bytes"),
        damaged(
            "a machine name of negative length",
            new Bytes().magic().u8(7).be32(-1),
            9,
            "a machine name of 4294967295 bytes"),
        damaged(
            "a subsection of another version",
            configured(out -> out.u8(5).name("configuration/uuid").be32(2)),
            CONFIGURED,
            "version 2 of configuration/uuid"),
        unsupported(
            "a subsection of another name",
            configured(out -> out.u8(5).name("configuration/rdma").be32(1)),
            "a stream has a configuration subsection configuration/rdma, which is not known"),
        damaged(
            "many capabilities",
            configured(out -> out.subsection("configuration/capabilities").be32(1025)),
            CONFIGURED + 32,
            "1025 capabilities"),
        damaged(
            "a negative number of capabilities",
            configured(out -> out.subsection("configuration/capabilities").be32(-1)),
            CONFIGURED + 32,
            "4294967295 capabilities"),
        damaged(
            "small pages",
            configured(out -> out.subsection("configuration/target-page-bits").be32(9)),
            CONFIGURED + 36,
            "9 target page bits"),
        damaged(
            "large pages",
            configured(out -> out.subsection("configuration/target-page-bits").be32(17)),
            CONFIGURED + 36,
            "17 target page bits"),
        unsupported(
            "a fixed-offset layout",
            new Bytes().head(Configuration.of("pc"), "mapped-ram").startRam(2),
            "a stream has its pages laid out by mapped-ram, which can be read from a file but not"
                + " as a stream"),
        unsupported(
            "live state before the RAM",
            new Bytes().head().start(3, "dirty-bitmap", 1),
            "a stream holds the live section dirty-bitmap (offset " + HEAD + ")" + CARRY),
        unsupported(
            "another version of the RAM",
            new Bytes().head().start(3, "ram", 3),
            "a stream holds version 3 of the ram section (offset " + HEAD + ")" + CARRY),
        unsupported(
            "state of a device before the RAM",
            new Bytes().head().full(3, "virtio-mem-early", 1),
            "a stream holds state of virtio-mem-early before the RAM (offset "
                + HEAD
                + ")"
                + CARRY),
        damaged(
            "a part before the start",
            new Bytes().head().part(2),
            HEAD,
            "a section of type 2 where RAM must begin"),
        damaged(
            "pages before the list",
            started(out -> out.record(0, 8, OF_RAM).zeros(4096)),
            STARTED,
            "the ram section does not begin with the list of RAM blocks"),
        damaged(
            "too much RAM",
            started(out -> out.memSize(1L << 47)),
            STARTED,
            "a guest cannot have 140737488355328 bytes of RAM"),
        damaged(
            "more than too much RAM",
            started(out -> out.memSize(-4096)),
            STARTED,
            "a guest cannot have 18446744073709547520 bytes of RAM"),
        damaged(
            "a block without a name",
            started(out -> out.memSize(4096).name("").be64(4096)),
            STARTED + 8,
            "a RAM block without a name"),
        damaged(
            "a block that is too long",
            started(out -> out.memSize(4096).name("pc.ram").be64(8192)),
            STARTED + 8,
            "RAM block pc.ram is longer, 8192 bytes, than what is left of the RAM, 4096 bytes"),
        damaged(
            "a block of negative length",
            started(out -> out.memSize(4096).name("pc.ram").be64(-4096)),
            STARTED + 8,
            "RAM block pc.ram is longer, 18446744073709547520 bytes, than what is left of the RAM,"
                + " 4096 bytes"),
        damaged(
            "an entry with something unknown behind",
            started(out -> out.memSize(4096).name("pc.ram").be64(4096).be64(4096 * 3).eos()),
            STARTED + 8 + 7 + 8,
            "what follows the entry of RAM block pc.ram"),
        damaged(
            "an entry with another entry missing",
            started(out -> out.memSize(8192).name("pc.ram").be64(4096).be64(0)),
            STARTED + 8 + 7 + 8,
            "what follows the entry of RAM block pc.ram"),
        damaged(
            "half a page of RAM",
            started(
                out -> out.memSize(4096).name("pc.ram").be64(2048).name("pc.rom").be64(2048).eos()),
            STARTED,
            "in the list of RAM blocks: RAM block pc.ram has a length of 2048 bytes: it must be a"
                + " multiple of the target page size, 4096, and all RAM together at most"
                + " 70368744177664"),
        damaged(
            "two blocks of one name",
            started(out -> out.list(List.of(RAM, RAM)).eos()),
            STARTED,
            "in the list of RAM blocks: RAM block pc.ram is listed twice"),
        damaged(
            "more blocks than there are",
            started(out -> {
              out.memSize(1 << 20);
              IntStream.range(0, 65_537).forEach(i -> out.name("block%05d".formatted(i)).be64(0));
            }),
            STARTED + 8 + 65_536 * 19L,
            "more than 65536 RAM blocks"));
  }

  static Stream<Arguments> records() {
    byte[] tooShort = deflated(new byte[4095]);
    byte[] tooLong = deflated(new byte[4097]);
    return Stream.of(
        unsupported(
            "RDMA",
            listed(out -> out.be64(0x80)),
            "a stream is an RDMA stream, which cannot be taken: migrate without rdma"),
        damaged(
            "unknown flags",
            listed(out -> out.be64(0x408)),
            LISTED,
            "a RAM record with the flags 0x408"),
        damaged(
            "a list within the records",
            listed(out -> out.be64(4096 | 4)),
            LISTED,
            "a RAM record with the flags 0x4"),
        damaged(
            "a block that is not listed",
            listed(out -> out.be64(8).name("vga.vram")),
            LISTED,
            "a page of RAM block vga.vram, which is not listed"),
        damaged(
            "a first page that continues",
            listed(out -> out.record(0, 8, Optional.empty()).zeros(4096)),
            LISTED,
            "a page of no RAM block"),
        damaged(
            "a page past the end",
            listed(out -> out.record(8192, 8, OF_RAM).zeros(4096)),
            LISTED,
            "a page at 0x2000, past the end of pc.ram"),
        damaged(
            "a page very far past the end",
            listed(out -> out.record(-4096, 2, OF_RAM).u8(0)),
            LISTED,
            "a page at 0xfffffffffffff000, past the end of pc.ram"),
        damaged(
            "a difference of another encoding",
            listed(out -> out.record(0, 0x40, OF_RAM).u8(2).be16(7).zeros(7)),
            LISTED,
            "an xbzrle record of encoding 2, 7 bytes"),
        damaged(
            "a difference longer than a page",
            listed(out -> out.record(0, 0x40, OF_RAM).u8(1).be16(4097).zeros(4097)),
            LISTED,
            "an xbzrle record of encoding 1, 4097 bytes"),
        misfit("whose unchanged run is too long", 0x81, 0x20),
        misfit("whose changed run is too long", 0, 0x81, 0x20),
        misfit("whose changed run is not there", 0, 5, 1),
        misfit("with a changed run of nothing", 0, 0, 1),
        misfit("that ends within a length", 0x80),
        misfit("that ends within the second length", 1, 0x80),
        misfit("with a length of too many bytes", 0x80, 0x80, 0x80, 0),
        damaged(
            "a compressed page of nothing",
            listed(out -> out.record(0, 0x100, OF_RAM).be32(0)),
            LISTED,
            "a compressed page of 0 bytes"),
        damaged(
            "a compressed page of negative length",
            listed(out -> out.record(0, 0x100, OF_RAM).be32(-1)),
            LISTED,
            "a compressed page of 4294967295 bytes"),
        damaged(
            "a compressed page that is larger than any",
            listed(out -> out.record(0, 0x100, OF_RAM).be32(4200)),
            LISTED,
            "a compressed page of 4200 bytes"),
        damaged(
            "a compressed page that is too short",
            listed(out -> out.record(0, 0x100, OF_RAM).be32(tooShort.length).raw(tooShort)),
            LISTED,
            "a compressed page that is not of the page size"),
        damaged(
            "a compressed page that is not zlib",
            listed(out -> out.record(0, 0x100, OF_RAM).be32(3).text("not")),
            LISTED,
            "a compressed page that zlib cannot read"),
        argumentSet(
            "a compressed page with more behind it",
            listed(out -> out.record(0, 0x100, OF_RAM).be32(tooLong.length).raw(tooLong)).toArray(),
            DamagedSaveException.class,
            "a stream is incomplete: it ends at offset "
                + (LISTED + 8 + 7 + 4 + tooLong.length)
                + ", in the middle of a field or page"));
  }

  private static Arguments misfit(String name, int... difference) {
    Bytes bytes = new Bytes();
    IntStream.of(difference).forEach(bytes::u8);
    return damaged(
        "a difference " + name,
        listed(out -> out.record(0, 0x40, OF_RAM).u8(1).be16(bytes.size()).raw(bytes.toArray())),
        LISTED,
        "an xbzrle difference that does not fit its page");
  }

  private static byte[] deflated(byte[] content) {
    byte[] packed = new byte[4200];
    try (Deflater deflater = new Deflater()) {
      deflater.setInput(content);
      deflater.finish();
      return Arrays.copyOf(packed, deflater.deflate(packed));
    }
  }

  static Stream<Arguments> sections() {
    return Stream.of(
        unsupported(
            "live state beside the RAM",
            running(out -> out.start(3, "dirty-bitmap", 1)),
            "a stream holds the live section dirty-bitmap (offset " + RUNNING + ")" + CARRY),
        unsupported(
            "live state after the RAM",
            ended(out -> out.start(3, "vfio", 1)),
            "a stream holds the live section vfio (offset " + ENDED + ")" + CARRY),
        damaged(
            "a part of another section",
            running(out -> out.part(3)),
            RUNNING,
            "a part of section 3, which is not under way"),
        damaged(
            "a part after the end",
            ended(out -> out.part(2)),
            ENDED,
            "a part of section 2, which is not under way"),
        damaged(
            "an end before the end of the RAM",
            running(out -> out.u8(0)),
            RUNNING,
            "the stream ends before its RAM does"),
        unsupported(
            "a device before the end of the RAM",
            running(out -> out.full(9, "timer", 2)),
            "a stream holds state of timer before the end of the RAM (offset "
                + RUNNING
                + ")"
                + CARRY),
        damaged(
            "a section of unknown type",
            running(out -> out.u8(0x33)),
            RUNNING,
            "a section of type 51"),
        damaged(
            "the footer of another section",
            listed(out -> out.eos().footer(3)),
            LISTED + 8,
            "the footer of section 3 ends section 2"),
        damaged(
            "a ping without a number",
            running(out -> out.command(2)),
            RUNNING,
            "a ping of 0 bytes"),
        unsupported(
            "a postcopy migration",
            running(out -> out.command(4)),
            "a stream holds command 4 (of a postcopy or replicating migration) (offset "
                + RUNNING
                + ")"
                + CARRY),
        unsupported(
            "a package before the RAM",
            new Bytes().head().command(7, (byte) 0, (byte) 0, (byte) 0, (byte) 1),
            "a stream holds command 7 (of a postcopy or replicating migration) (offset "
                + HEAD
                + ")"
                + CARRY));
  }

  static Stream<Arguments> ends() {
    return Stream.of(
        incomplete("in the list", started(out -> out.memSize(4096).name("pc.ram"))),
        incomplete("in a page", listed(out -> out.record(0, 8, OF_RAM).zeros(4095))),
        incomplete("in a command", running(out -> out.u8(8).be16(1).be16(9).zeros(8))),
        incomplete("between sections", running(out -> {})),
        incomplete("after the RAM", ended(out -> {})),
        tailless("in a device", ended(out -> out.full(9, "timer", 2).zeros(3))),
        tailless("after a device", ended(out -> out.full(9, "timer", 2).zeros(3).footer(9))),
        tailless(
            "with an end that no footer stands before", ended(out -> out.full(9, "t", 2).zeros(9))),
        tailless(
            "in the description", ended(out -> out.u8(0).u8(6).be32(40).text("{\"devices\": []"))));
  }

  private static Arguments incomplete(String name, Bytes stream) {
    return argumentSet(
        name,
        stream.toArray(),
        DamagedSaveException.class,
        "a stream is incomplete: it ends at offset "
            + stream.size()
            + ", in the middle of a field or page");
  }

  private static Arguments tailless(String name, Bytes stream) {
    return argumentSet(
        name,
        stream.toArray(),
        DamagedSaveException.class,
        "a stream is incomplete: it ends at offset "
            + stream.size()
            + ", in the device state that begins at offset "
            + ENDED);
  }

  @ParameterizedTest
  @MethodSource({"heads", "records", "sections", "ends"})
  void isRefused(byte[] stream, Class<? extends FixedRamException> type, String message) {
    assertThatThrownBy(() -> decode(stream)).isExactlyInstanceOf(type).hasMessage(message);
  }

  private static void decode(byte[] stream) {
    MemorySegment bytes = MemorySegment.ofArray(stream);
    ByteSource source =
        (position, into, offset, length) -> {
          long count = Math.min(length, bytes.byteSize() - position);
          MemorySegment.copy(bytes, position, into, offset, count);
          return count;
        };
    new StreamReader(source, "a stream").sendTo(new GuestSink());
  }

  @Test
  void whatIsNotRefused() {
    decode(ended(out -> out.u8(0)).toArray());
    decode(ended(out -> out.full(9, "timer", 2).zeros(3).footer(9).u8(0)).toArray());
    decode(ended(out -> out.command(11).u8(0).u8(6).be32(15).text("{\"devices\": []}")).toArray());
  }

  @Test
  void deviceStateWithoutEndIsRefused() {
    byte[] start = ended(out -> out.full(9, "endless", 2)).toArray();
    InputStream in = new SequenceInputStream(new ByteArrayInputStream(start), new Zeros());
    ByteSource source = ByteSource.of(Channels.newChannel(in), "a stream");
    assertThatThrownBy(() -> new StreamReader(source, "a stream").sendTo(new GuestSink()))
        .isInstanceOf(UnsupportedSaveException.class)
        .hasMessage(
            "a stream holds more than "
                + (DeviceState.MAX_BYTES >> 20)
                + " MiB of device state after offset "
                + ENDED
                + ", or data that is not device state");
  }

  @Test
  void deviceStateThatIsLongIsTaken() {
    byte[] payload = new byte[20 << 20];
    Arrays.fill(payload, (byte) 1);
    Bytes stream =
        ended(out ->
            out.full(9, "long", 2)
                .raw(payload)
                .footer(9)
                .u8(0)
                .u8(6)
                .be32(15)
                .text("{\"devices\": []}"));
    GuestSink sink = new GuestSink();
    ByteSource source =
        ByteSource.of(Channels.newChannel(new ByteArrayInputStream(stream.toArray())), "a stream");
    new StreamReader(source, "a stream").sendTo(sink);
    assertThat(sink.guest().tail().sectionsBytes()).isEqualTo(payload.length + 18 + 5);
    assertThat(sink.guest().tail().description()).isEqualTo("{\"devices\": []}");
    assertThat(sink.guest().tail().toBytes())
        .isEqualTo(Arrays.copyOfRange(stream.toArray(), ENDED, stream.size()));
  }

  /** QEMUs before 6.0 put spaces between the tokens; JSON takes others there too. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{ \"page_size\" : 4096, \"devices\" : [ { \"name\" : \"timer\" } ] }",
        "{\r\n\t\"devices\": []\n}\n",
      })
  void descriptionsMayHaveSpaces(String description) {
    byte[] stream =
        ended(out ->
                out.full(9, "timer", 2)
                    .footer(9)
                    .u8(0)
                    .u8(6)
                    .be32(description.length())
                    .text(description)
                    .zeros(5))
            .toArray();
    for (int pieces : new int[] {1, 7, stream.length}) {
      GuestSink sink = new GuestSink();
      ByteSource source =
          (position, into, offset, length) -> {
            long count = Math.min(Math.min(length, pieces), stream.length - position);
            MemorySegment.copy(MemorySegment.ofArray(stream), position, into, offset, count);
            return count;
          };
      new StreamReader(source, "a stream").sendTo(sink);
      assertThat(sink.guest().tail().description()).isEqualTo(description);
    }
  }

  /** What a guest may have put into a buffer of a device does not hide the end that follows. */
  @Test
  void aDescriptionThatDoesNotEndHidesNoOther() {
    Bytes stream =
        ended(out ->
            out.full(9, "usb", 2)
                .u8(0)
                .u8(6)
                .be32(60 << 20)
                .text("{\"trap")
                .footer(9)
                .u8(0)
                .u8(6)
                .be32(15)
                .text("{\"devices\": []}"));
    GuestSink sink = new GuestSink();
    ByteSource source =
        ByteSource.of(Channels.newChannel(new ByteArrayInputStream(stream.toArray())), "a stream");
    new StreamReader(source, "a stream").sendTo(sink);
    assertThat(sink.guest().tail().description()).isEqualTo("{\"devices\": []}");
  }

  @Test
  void channelsThatFail() throws IOException {
    InputStream broken = InputStream.nullInputStream();
    broken.close();
    ByteSource source = ByteSource.of(Channels.newChannel(broken), "a channel");
    assertThatThrownBy(() -> new StreamReader(source, "a stream").readHeader())
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot read from a channel at offset 0: Stream closed");
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int value) throws IOException {
            throw new IOException();
          }
        };
    try (StreamEncoder encoder =
        new StreamEncoder(ByteTarget.of(Channels.newChannel(full), "a channel"))) {
      encoder.begin(GUEST.header());
      assertThatThrownBy(() -> encoder.end(GUEST.tail().toState()))
          .isInstanceOf(StorageException.class)
          .hasMessage("cannot write to a channel at offset 0: IOException");
    }
    ReturnPath returnPath = new ReturnPath(Channels.newChannel(full), "the return path");
    byte[] stream = ended(out -> {}).toArray();
    Bytes asking = new Bytes().head().command(1).command(2, (byte) 0, (byte) 0, (byte) 0, (byte) 1);
    asking.raw(Arrays.copyOfRange(stream, HEAD, stream.length));
    ByteSource asked =
        ByteSource.of(Channels.newChannel(new ByteArrayInputStream(asking.toArray())), "a stream");
    assertThatThrownBy(() ->
            new StreamReader(asked, "a stream", Optional.of(returnPath)).sendTo(new GuestSink()))
        .isInstanceOf(StorageException.class)
        .hasMessage("cannot write to the return path at offset 0: IOException");
  }

  @Test
  void largestTargetPagesAreTaken() {
    Configuration configuration =
        new Configuration("virt-9.2", List.of(), OptionalInt.of(16), Optional.empty());
    assertThat(configuration.targetPageSize()).isEqualTo(65536);
    assertThat(Configuration.of("pc").targetPageSize()).isEqualTo(4096);
  }
}
