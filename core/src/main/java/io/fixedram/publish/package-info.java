// SPDX-License-Identifier: Apache-2.0
/**
 * Publishing of files: a file gets its name when it is complete, in place of an earlier file that
 * no guest runs on.
 */
package io.fixedram.publish;
