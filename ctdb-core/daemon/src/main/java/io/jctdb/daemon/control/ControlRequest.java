package io.jctdb.daemon.control;

import io.jctdb.daemon.client.ClientConnection;
import org.jspecify.annotations.Nullable;

/**
 * One control to be executed on this node.
 *
 * @param opcode as on the wire; not necessarily a known one
 * @param srvid the header's srvid field, an argument of a few controls
 * @param client the local client that asked, or null if another node's daemon passed it on
 */
public record ControlRequest(
    int opcode,
    long srvid,
    int flags,
    byte[] data,
    @Nullable ClientConnection client,
    ControlReply reply) {

  public boolean hasNoData() {
    return data.length == 0;
  }
}
