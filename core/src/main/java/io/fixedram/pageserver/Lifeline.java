// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

/** Whoever can stop the guest when it can't be given the memory that it had. */
public interface Lifeline {
  /**
   * Has the guest stopped, and returns at once. Called once, by the serving thread: a page cannot
   * be read, though it was tried again, the save was changed, or the server itself fails. What can
   * be served still is served meanwhile, since CPUs of the guest that wait for a page can't stop.
   * Who has stopped the guest cancels the serving.
   */
  void failed(Throwable reason);

  /**
   * Waits until the guest has stopped, for as long as that should take. When it returns, a page
   * that the guest waits for and that cannot be read is answered with zeros, as what waits for it
   * would otherwise never come to a stop; or the connection is closed.
   */
  void awaitStop();
}
