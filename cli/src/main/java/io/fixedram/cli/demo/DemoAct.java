// SPDX-License-Identifier: Apache-2.0
package io.fixedram.cli.demo;

/**
 * One guest that was saved and brought back.
 *
 * @param guest what guest, and saved how
 * @param identical whether it came back as it was
 * @param ramBytes its RAM
 * @param passes passes over its RAM
 * @param writtenBytes bytes written to the file, pages that were saved again counted again
 * @param fileBytes size of the save
 * @param diskBytes space it took on disk
 * @param saveSeconds how long the save took
 * @param downtimeSeconds how long the guest stood still for it
 * @param restoreSeconds how long it took to bring it back
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
