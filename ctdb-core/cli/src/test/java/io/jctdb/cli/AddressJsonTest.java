package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Public addresses for programs. */
class AddressJsonTest {
  private final OneNode host = new OneNode();

  @Test
  void whereTheAddressesAre() throws Exception {
    JsonNode addresses = printed("--json", "ip").get("public_ips");
    assertThat(addresses.get(0).get("address").asText()).isEqualTo("10.77.1.101");
    assertThat(addresses.get(0).get("node").asInt(7)).isZero();
    assertThat(addresses.get(1).get("node").isNull()).isTrue();
    assertThat(printed("--json", "ip", "all").get("public_ips")).hasSize(2);
    JsonNode interfaces = printed("-j", "-v", "ip").get("public_ips").get(0).get("interfaces");
    assertThat(interfaces.get(0).get("active").asBoolean()).isTrue();
    assertThat(interfaces.get(1).get("link_up").asBoolean(true)).isFalse();
  }

  @Test
  void whyTheyAreThere() throws Exception {
    JsonNode why = printed("--json", "ip", "explain", "10.77.1.101");
    assertThat(why.get("nodes").get(0).get("has_it").asBoolean()).isTrue();
    assertThat(why.get("events").get(0).get("what").asText())
        .isEqualTo("given to node 0: \"test\"");
  }

  @Test
  void interfaces() throws Exception {
    assertThat(printed("--json", "ifaces").get("interfaces").get(0).get("name").asText())
        .isEqualTo("eth1");
    assertThat(printed("--json", "ipinfo", "10.77.1.101").get("interfaces")).hasSize(2);
  }

  private JsonNode printed(String... words) throws IOException {
    assertThat(host.run(words)).as(host.complained()).isZero();
    return new ObjectMapper().readTree(host.printed());
  }
}
