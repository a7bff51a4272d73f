// SPDX-License-Identifier: Apache-2.0
/** What a comparison needs of this machine: packages, caches, result files, the program itself. */
package io.fixedram.bench.host;
