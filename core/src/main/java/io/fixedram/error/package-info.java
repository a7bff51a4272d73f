// SPDX-License-Identifier: Apache-2.0
/** The failures that users are told about, and what can be done about them; the lowest layer. */
package io.fixedram.error;
