// SPDX-License-Identifier: Apache-2.0
/**
 * The fixed-offset layouts: the file offsets of each RAM block's bitmap and pages, and the fields
 * that record them.
 */
package io.fixedram.layout;
