package io.jctdb.protocol;

/**
 * Our own control ENSEMBLE_NOTICE, between daemons: which ZooKeeper servers a daemon works with.
 * The reply is the notice of the node that was asked. A daemon that does not know the control
 * answers -1, as it does to every unknown one.
 *
 * <pre>
 * firm u32 (0 or 1), acting u32 (0 or 1), ensemble counted text
 * </pre>
 *
 * @param ensemble the servers, in a form in which equal ones are equal
 * @param firm whether the node has taken part with them: they stand on its disk
 * @param acting whether it is, or may be, a member of the cluster now
 */
public record EnsembleNotice(String ensemble, boolean firm, boolean acting) {

  public static EnsembleNotice decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in -> {
          boolean firm = in.u32() != 0;
          boolean acting = in.u32() != 0;
          return new EnsembleNotice(in.text(in.lengthWithinRest()), firm, acting);
        });
  }

  public byte[] encode() {
    return new ByteWriter(128)
        .u32(firm ? 1 : 0)
        .u32(acting ? 1 : 0)
        .countedText(ensemble)
        .toBytes();
  }
}
