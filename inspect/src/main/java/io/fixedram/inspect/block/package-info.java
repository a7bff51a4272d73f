// SPDX-License-Identifier: Apache-2.0
/** The content of RAM blocks as plain bytes. */
package io.fixedram.inspect.block;
