// SPDX-License-Identifier: Apache-2.0
/** Requests to end work early, honoured by all calls that may take long. */
package io.fixedram.cancel;
