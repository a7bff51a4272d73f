// SPDX-License-Identifier: Apache-2.0
/**
 * The fixed-offset layouts: where in a file the pages and the bitmap of each RAM block stand, and
 * the fields that say so.
 */
package io.fixedram.layout;
