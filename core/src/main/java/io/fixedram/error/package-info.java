// SPDX-License-Identifier: Apache-2.0
/** The failures that users are told about; the lowest layer. */
package io.fixedram.error;
