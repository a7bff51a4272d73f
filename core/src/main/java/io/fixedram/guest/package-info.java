// SPDX-License-Identifier: Apache-2.0
/**
 * A guest as a save holds it: its configuration, its RAM blocks, pages at offsets of them that flow
 * from a {@link io.fixedram.guest.PageSource} to a {@link io.fixedram.guest.PageSink}, and its
 * device state.
 */
package io.fixedram.guest;
