// SPDX-License-Identifier: Apache-2.0
/** Reading of existing saves: opening any format, reading pages, and describing saves. */
package io.fixedram.store;
