// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import com.sun.management.ThreadMXBean;
import io.fixedram.error.DamagedSaveException;
import io.fixedram.error.FixedRamException;
import java.lang.management.ManagementFactory;

/**
 * Judges what a target does with an input: it may accept it, or refuse it with one sentence that
 * says where. Anything else that is thrown, and too much memory, is a finding. Endless loops are
 * found by a limit of time around the whole.
 */
final class Oracle {
  /** Java heap that any input may take, such as the directory of the bitmap of 64 TiB. */
  private static final long BASE_BYTES = 48L << 20;

  /** Java heap for each byte of an input: a record of nine bytes becomes a few objects. */
  private static final long BYTES_PER_INPUT_BYTE = 256;

  private static final int MAX_SENTENCE_CHARS = 20_000;

  /** Memory outside of the heap is freed with the objects that own it. */
  private static final int INPUTS_PER_COLLECTION = 500;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FuzzTarget target;
  private int inputs;
  private long accepted;

  Oracle(FuzzTarget target) {
    this.target = target;
  }

  /** Number of inputs that were accepted so far. */
  long accepted() {
    return accepted;
  }

  /** Has the target read an input. */
  void judge(byte[] input) throws Exception {
    long limit = BASE_BYTES + BYTES_PER_INPUT_BYTE * input.length;
    // The first time, classes are loaded too.
    if (read(input) > limit) {
      long bytes = read(input);
      if (bytes > limit) {
        throw new AssertionError(
            target.name() + " allocated " + bytes + " bytes for an input of " + input.length);
      }
    }
    if (++inputs % INPUTS_PER_COLLECTION == 0) {
      System.gc();
    }
  }

  /** Has the target read an input, and returns the bytes that were allocated for it. */
  private long read(byte[] input) throws Exception {
    long before = THREADS.getTotalThreadAllocatedBytes();
    try {
      target.read(input);
      accepted++;
    } catch (FixedRamException e) {
      check(e);
    }
    return THREADS.getTotalThreadAllocatedBytes() - before;
  }

  private static void check(FixedRamException e) {
    String sentence = e.sentence();
    if (sentence.isBlank() || sentence.length() > MAX_SENTENCE_CHARS) {
      throw new AssertionError("a sentence of " + sentence.length() + " characters", e);
    }
    // Hot pages are a hint, of which nothing but that is said.
    boolean hint = sentence.contains(" is ignored: ");
    if (e instanceof DamagedSaveException && !hint && !sentence.contains("offset ")) {
      throw new AssertionError("no offset in: " + sentence, e);
    }
  }
}
