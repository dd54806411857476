package io.jctdb.wanlink;

import java.nio.charset.StandardCharsets;

/**
 * How a node treats its links to nodes of other sites. Each node says at the greeting which site it
 * belongs to.
 *
 * @param site this node's
 * @param compress whether frames to other sites are compressed, if the other side can do it
 * @param bytesPerSecond what this node may send to all other sites together, before TLS and TCP
 *     headers; 0 for no limit
 */
public record WideArea(String site, boolean compress, long bytesPerSecond) {
  /** One site, and nothing to save. */
  public static final WideArea NONE = new WideArea("main", true, 0);

  public WideArea {
    if (site.getBytes(StandardCharsets.UTF_8).length > LinkFrame.MAX_SITE_BYTES) {
      throw new IllegalArgumentException("name of a site is too long: " + site);
    }
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException(bytesPerSecond + " bytes per second");
    }
  }

  boolean isFar(String otherSite) {
    return !site.equals(otherSite);
  }

  int features() {
    return compress ? LinkFrame.CAN_INFLATE : 0;
  }
}
