// SPDX-License-Identifier: Apache-2.0
/** Saves that exist: opened whatever their format, described, held while guests run on them. */
package io.fixedram.store;
