// SPDX-License-Identifier: Apache-2.0
package io.fixedram.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The kernel's calls, with a list of everything that changes the files of one directory, from which
 * {@link CrashImages} makes what a crash may leave.
 */
public final class RecordedDisk extends FaultyCalls {
  private static final int CREATE_FLAG = 0x40;
  private static final int PUNCH_FLAG = 2;

  /** Number of the directory among the files. */
  private static final int DIRECTORY = -1;

  private static final int OUTSIDE = -2;

  private final Path directory;
  private final Set<Integer> lostSyncs;
  private final Map<Integer, byte[]> before = new HashMap<>();
  private final Map<String, Integer> names = new HashMap<>();
  private final Map<Integer, Integer> descriptors = new HashMap<>();
  private final List<Step> steps = new ArrayList<>();
  private final List<Step> first = new ArrayList<>();
  private int files;
  private int syncs;

  /** A change. */
  public sealed interface Step {
    /** Bytes were written. */
    record Write(int file, long position, MemorySegment content) implements Step {}

    /** A hole was punched. */
    record Zeros(int file, long position, long length) implements Step {}

    /** The size was set. */
    record Size(int file, long size) implements Step {}

    /** A file was synced. */
    record Sync(int file) implements Step {}

    /** A name got another meaning: a file, or none. */
    record Entry(String name, Optional<Integer> file) implements Step {}

    /** The names of the directory were synced. */
    record SyncEntries() implements Step {}
  }

  /**
   * Records from now on.
   *
   * @param lostSyncs which calls of fsync(2), counted from 0, do nothing and succeed
   */
  public RecordedDisk(Path directory, Set<Integer> lostSyncs) {
    super(call -> 0);
    this.directory = directory;
    this.lostSyncs = Set.copyOf(lostSyncs);
    try {
      for (String name : Dirs.names(directory)) {
        before.put(files, Files.readAllBytes(directory.resolve(name)));
        names.put(name, files);
        first.add(new Step.Entry(name, Optional.of(files)));
        files++;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Content of the files that were there before, by their numbers. */
  Map<Integer, byte[]> before() {
    return before;
  }

  /** Names of the files that were there before. */
  List<Step> first() {
    return first;
  }

  /** All changes so far, in their order. */
  public synchronized List<Step> steps() {
    return List.copyOf(steps);
  }

  /** Number of calls of fsync(2) so far. */
  public synchronized int syncs() {
    return syncs;
  }

  private Optional<String> nameOf(String path) {
    Path given = Path.of(path);
    return directory.equals(given.getParent())
        ? Optional.of(given.getFileName().toString())
        : Optional.empty();
  }

  @Override
  public synchronized int open(String path, int flags, int mode) {
    int descriptor = super.open(path, flags, mode);
    if (descriptor < 0) {
      return descriptor;
    }
    if (Path.of(path).equals(directory)) {
      descriptors.put(descriptor, DIRECTORY);
    }
    nameOf(path)
        .ifPresent(name -> {
          if ((flags & CREATE_FLAG) != 0) {
            names.put(name, files);
            steps.add(new Step.Entry(name, Optional.of(files)));
            files++;
          }
          descriptors.put(descriptor, names.getOrDefault(name, OUTSIDE));
        });
    return descriptor;
  }

  @Override
  public synchronized int close(int descriptor) {
    descriptors.remove(descriptor);
    return super.close(descriptor);
  }

  @Override
  public synchronized long pwrite(
      int descriptor, MemorySegment from, long offset, long length, long position) {
    long count = super.pwrite(descriptor, from, offset, length, position);
    if (count > 0) {
      byte[] content = from.asSlice(offset, count).toArray(ValueLayout.JAVA_BYTE);
      steps.add(new Step.Write(file(descriptor), position, MemorySegment.ofArray(content)));
    }
    return count;
  }

  private int file(int descriptor) {
    int file = descriptors.getOrDefault(descriptor, OUTSIDE);
    if (file == OUTSIDE) {
      throw new IllegalStateException("a change of a file outside of " + directory);
    }
    return file;
  }

  @Override
  public synchronized int ftruncate(int descriptor, long length) {
    int result = super.ftruncate(descriptor, length);
    if (result == 0) {
      steps.add(new Step.Size(file(descriptor), length));
    }
    return result;
  }

  /** Space without content is of no importance. */
  @Override
  public synchronized int fallocate(int descriptor, int mode, long position, long length) {
    int result = super.fallocate(descriptor, mode, position, length);
    if (result == 0 && (mode & PUNCH_FLAG) != 0) {
      steps.add(new Step.Zeros(file(descriptor), position, length));
    }
    return result;
  }

  @Override
  public synchronized int fsync(int descriptor) {
    boolean lost = lostSyncs.contains(syncs);
    syncs++;
    if (lost) {
      return 0;
    }
    int result = super.fsync(descriptor);
    if (result == 0) {
      int file = file(descriptor);
      steps.add(file == DIRECTORY ? new Step.SyncEntries() : new Step.Sync(file));
    }
    return result;
  }

  @Override
  public synchronized int rename(String from, String to) {
    int result = super.rename(from, to);
    if (result == 0) {
      int file = names.getOrDefault(nameOf(from).orElseThrow(), OUTSIDE);
      names.remove(nameOf(from).orElseThrow());
      names.put(nameOf(to).orElseThrow(), file);
      steps.add(new Step.Entry(nameOf(to).orElseThrow(), Optional.of(file)));
      steps.add(new Step.Entry(nameOf(from).orElseThrow(), Optional.empty()));
    }
    return result;
  }

  @Override
  public synchronized int unlink(String path) {
    int result = super.unlink(path);
    if (result == 0) {
      names.remove(nameOf(path).orElseThrow());
      steps.add(new Step.Entry(nameOf(path).orElseThrow(), Optional.empty()));
    }
    return result;
  }
}
