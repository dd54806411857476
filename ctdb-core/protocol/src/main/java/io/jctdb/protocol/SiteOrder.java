package io.jctdb.protocol;

/**
 * Our own control SET_SITE: the node that it is sent to writes its new site into its configuration
 * file. The answer's data is a text for people: what has been done, or (with status -1) why nothing
 * has.
 *
 * <pre>
 * restart u32: 1 = the daemon starts anew, so that it takes effect; 0 = at its next start
 * site: counted text
 * </pre>
 */
public record SiteOrder(String site, boolean restart) {

  public static SiteOrder decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in -> {
          boolean restart = in.u32() != 0;
          return new SiteOrder(in.text(in.lengthWithinRest()), restart);
        });
  }

  public byte[] encode() {
    return new ByteWriter(64).u32(restart ? 1 : 0).countedText(site).toBytes();
  }
}
