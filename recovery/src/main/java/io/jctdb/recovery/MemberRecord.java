package io.jctdb.recovery;

import io.jctdb.protocol.RunState;
import java.time.Duration;

/** A {@link MemberInfo} as it is written in ZooKeeper. */
final class MemberRecord {
  private MemberRecord() {}

  static byte[] encode(MemberInfo info) {
    return KeyValueText.empty()
        .put("pnn", info.pnn())
        .put("incarnation", info.incarnation())
        .put("flags", info.flags())
        .put("capabilities", info.capabilities())
        .put("runstate", info.runState())
        .put("ready", info.ready())
        .put("address", info.address())
        .put("last-epoch", info.lastEpoch())
        .put("recovery-requests", info.recoveryRequests())
        .put("lease-ms", info.leaseMillis())
        .put("residue-ms", info.residueMillis())
        .put("will", info.will())
        .put("site", info.site().name())
        .put("main-site", info.site().main())
        .put("remote-lease-ms", info.site().remoteLease().toMillis())
        .bytes();
  }

  /**
   * Reads the record of node {@code pnn}.
   *
   * @throws IllegalArgumentException it is not one
   */
  static MemberInfo decode(int pnn, byte[] data) {
    KeyValueText text = KeyValueText.parse(data);
    if (text.integer("pnn") != pnn) {
      throw new IllegalArgumentException("record of node " + text.integer("pnn"));
    }
    return new MemberInfo(
        pnn,
        text.number("incarnation"),
        text.integer("flags"),
        text.integer("capabilities"),
        RunState.valueOf(text.text("runstate")),
        Boolean.parseBoolean(text.text("ready")),
        text.text("address"),
        text.number("last-epoch"),
        text.number("recovery-requests"),
        text.integer("lease-ms"),
        text.integer("residue-ms"),
        text.text("will", LastWill.NONE),
        site(text));
  }

  /** A daemon that knows of no sites is at the main site. */
  private static Site site(KeyValueText text) {
    String lease = text.text("remote-lease-ms", "");
    return new Site(
        text.text("site", Site.MAIN.name()),
        text.text("main-site", Site.MAIN.main()),
        lease.isEmpty() ? Site.MAIN.remoteLease() : Duration.ofMillis(Long.parseLong(lease)));
  }
}
