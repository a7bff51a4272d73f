// SPDX-License-Identifier: Apache-2.0
/** A guest's memory as files that other tools read. */
package io.fixedram.inspect.export;
