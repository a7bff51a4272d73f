// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

/**
 * Result of one part of the demo: a guest that was saved and restored.
 *
 * @param guest description of the guest and the save
 * @param identical whether the restored guest equals the saved one
 * @param ramBytes RAM of the guest
 * @param passes passes over its RAM
 * @param writtenBytes bytes written to the file; repeated pages count again
 * @param fileBytes size of the save
 * @param diskBytes space that the save occupied on disk
 * @param saveSeconds duration of the save
 * @param downtimeSeconds time the guest was stopped
 * @param restoreSeconds duration of the restore
 */
public record DemoAct(
    String guest,
    boolean identical,
    long ramBytes,
    long passes,
    long writtenBytes,
    long fileBytes,
    long diskBytes,
    double saveSeconds,
    double downtimeSeconds,
    double restoreSeconds) {}
