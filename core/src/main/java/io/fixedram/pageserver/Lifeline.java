// SPDX-License-Identifier: Apache-2.0
package io.fixedram.pageserver;

/** Callbacks that stop the guest when its memory can't be served completely. */
public interface Lifeline {
  /**
   * Initiates a stop of the guest and returns at once. Called once, by the serving thread, if a
   * page cannot be read after retries, the save was changed, or the server itself fails. Other
   * pages are still served meanwhile, since vCPUs that wait for a page can't stop. After the guest
   * has stopped, the implementation cancels the serving.
   */
  void failed(Throwable reason);

  /**
   * Waits until the guest has stopped, with a timeout. When this returns, a page that the guest
   * waits for and that cannot be read is answered with zeros, because a vCPU that waits for it
   * could otherwise never stop; or the connection is closed.
   */
  void awaitStop();
}
