// SPDX-License-Identifier: Apache-2.0
package io.fixedram.engine;

import io.fixedram.bytes.ByteTarget;
import io.fixedram.error.StorageException;
import io.fixedram.guest.SaveSink;
import io.fixedram.layout.SaveFormat;
import io.fixedram.stream.StreamEncoder;
import io.fixedram.write.WrittenSave;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/** Transport to a connection or pipe. */
final class ChannelTransport extends Transport {
  private final WritableByteChannel channel;
  private final String name;

  ChannelTransport(WritableByteChannel channel, String name) {
    this.channel = channel;
    this.name = name;
  }

  @Override
  public boolean isSeekable() {
    return false;
  }

  @Override
  Open open(SaveFormat format) {
    if (format != SaveFormat.STREAM) {
      throw new IllegalArgumentException(format.text() + " into a channel");
    }
    return new OpenChannel(
        channel, name, new UnfinishedStream(new StreamEncoder(ByteTarget.of(channel, name))));
  }

  private static final class OpenChannel implements Open {
    private static final System.Logger LOG = System.getLogger(ChannelTransport.class.getName());

    private final WritableByteChannel channel;
    private final String name;
    private final UnfinishedStream stream;
    private boolean published;

    OpenChannel(WritableByteChannel channel, String name, UnfinishedStream stream) {
      this.channel = channel;
      this.name = name;
      this.stream = stream;
    }

    @Override
    public SaveSink sink() {
      return stream;
    }

    @Override
    public long transferredBytes() {
      return stream.streamBytes();
    }

    @Override
    public void sync() {}

    @Override
    public Optional<WrittenSave> publish() {
      stream.finish();
      closeChannel();
      published = true;
      return Optional.empty();
    }

    @Override
    public void interrupt() {
      try {
        closeChannel();
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.DEBUG, e);
      }
    }

    private void closeChannel() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new StorageException("cannot close " + name + ": " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      stream.close();
      if (!published) {
        closeChannel();
      }
    }
  }
}
