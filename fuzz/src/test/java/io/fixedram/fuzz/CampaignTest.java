// SPDX-License-Identifier: Apache-2.0
package io.fixedram.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jazzer runs with this Java, counts edges, and finds what is wrong. */
class CampaignTest {
  @Test
  @Timeout(120)
  void coverageGuidesInputs(@TempDir Path directory) throws Exception {
    JazzerRun.Result result = Campaign.run("return-path", directory, 4);
    assertThat(result.findings()).isEmpty();
    // On a busy host there may be few.
    assertThat(result.cases()).isPositive();
    assertThat(result.edges()).as("edges of the reader").isGreaterThan(20);
  }
}
