// SPDX-License-Identifier: Apache-2.0
/** The formats of saves, and the offsets of a RAM block's bitmap and pages in a file. */
package io.fixedram.layout;
