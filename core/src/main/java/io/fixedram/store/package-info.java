// SPDX-License-Identifier: Apache-2.0
/**
 * Reading of existing saves: opening any format, describing saves, and locking saves that guests
 * run on.
 */
package io.fixedram.store;
