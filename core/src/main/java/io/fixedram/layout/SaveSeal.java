// SPDX-License-Identifier: Apache-2.0
package io.fixedram.layout;

import java.util.UUID;

/**
 * The seal of a save: its pages have fingerprints and everything else has digests, so that damage
 * is found (docs/format.md, "Sealed files").
 *
 * @param id id of the save
 * @param writer the program that sealed the file, and its version
 */
public record SaveSeal(UUID id, String writer) {}
