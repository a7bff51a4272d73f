// SPDX-License-Identifier: Apache-2.0
package io.fixedram.store;

import io.fixedram.guest.PageSink;
import io.fixedram.guest.SaveHeader;
import io.fixedram.layout.SaveFormat;
import io.fixedram.os.Descriptor;
import io.fixedram.stream.StreamDecoder;
import java.nio.file.Path;

/** A sequential migration stream in a file. */
public final class StreamSave implements Save {
  private final Descriptor descriptor;

  StreamSave(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  private StreamDecoder decoder() {
    return new StreamDecoder(descriptor::read, descriptor.path().toString());
  }

  @Override
  public SaveFormat format() {
    return SaveFormat.STREAM;
  }

  @Override
  public Path path() {
    return descriptor.path();
  }

  @Override
  public SaveHeader header() {
    return decoder().readHeader();
  }

  @Override
  public void sendTo(PageSink sink) {
    decoder().sendTo(sink);
  }

  /** The open file. */
  public Descriptor descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
