// SPDX-License-Identifier: Apache-2.0
/** Files that get their names when they are complete, in place of earlier ones that nobody uses. */
package io.fixedram.publish;
