// SPDX-License-Identifier: Apache-2.0
/**
 * The fixed-offset layouts: where each RAM block's bitmap and pages stand in a file, and the fields
 * that record it.
 */
package io.fixedram.fixed;
