// SPDX-License-Identifier: Apache-2.0
package io.fixedram.qemu.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretWordsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          secret,id=s0,data=let,,me,format=raw        | secret,id=s0,data=***,format=raw
          {"qom-type":"secret","data":"a\\"b","id":"s"} | {"qom-type":"secret","data": "***","id":"s"}
          user=me,password=abc                        | user=me,password=***
          name=opt/x,string=ssh-key                   | name=opt/x,string=***
          file=nbd://me:pw@host/disk,format=raw       | file=nbd://***@host/disk,format=raw
          tls-creds-x509,id=t,passwordid=s0           | tls-creds-x509,id=t,passwordid=s0
          file=/images/data=1.raw                     | file=/images/data=1.raw
          driver=qcow2,data-file=x                    | driver=qcow2,data-file=x
          property=p,value=on                         | property=p,value=on
          """)
  void words(String word, String masked) {
    assertThat(SecretWords.masked(List.of(word))).containsExactly(masked);
  }

  @Test
  void valuesOfSmbios() {
    assertThat(SecretWords.masked(List.of("-smbios", "type=11,value=token")))
        .containsExactly("-smbios", "type=11,value=***");
  }
}
