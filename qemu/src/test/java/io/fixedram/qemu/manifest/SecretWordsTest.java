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
          file.driver=http,file.password=x            | file.driver=http,file.password=***
          object.s0.data=x                            | object.s0.data=***
          file=rbd:pool/img:id=a:key=AQB:conf=c       | file=rbd:pool/img:id=a:key=***:conf=c
          """)
  void words(String word, String masked) {
    assertThat(SecretWords.masked(List.of(word))).containsExactly(masked);
  }

  @Test
  void longValues() {
    for (String value : List.of("x".repeat(1 << 20), ",,".repeat(2000), "\\\"".repeat(2000))) {
      assertThat(SecretWords.masked(List.of("name=n,string=" + value)).getFirst())
          .endsWith("***")
          .hasSizeLessThan(30);
      assertThat(SecretWords.masked(List.of("{\"data\": \"" + value + "\"}")).getFirst())
          .doesNotContain(value);
    }
  }

  @Test
  void valuesOfSmbios() {
    assertThat(SecretWords.masked(List.of("-smbios", "type=11,value=token")))
        .containsExactly("-smbios", "type=11,value=***");
  }
}
