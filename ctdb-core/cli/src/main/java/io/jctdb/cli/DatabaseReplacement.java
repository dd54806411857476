package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PullDb;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.TransDb;
import java.util.List;

/**
 * Replaces the content of a database on all active nodes, step by step (cli.md 10.2). When a step
 * fails, a recovery is asked for, which thaws and repairs the database.
 */
final class DatabaseReplacement {
  private final Tool tool;
  private final DaemonClient client;
  private final int dbId;
  private List<Integer> nodes = List.of();

  DatabaseReplacement(Tool tool, int dbId) {
    this.tool = tool;
    this.client = tool.client();
    this.dbId = dbId;
  }

  void run(List<MarshallBuffer> content) {
    nodes = tool.cluster().activeNodes();
    int generation = ClusterCommands.generation(tool);
    byte[] id = Payload.ofU32(dbId);
    byte[] transaction = new TransDb(dbId, generation).encode();
    all(Control.DB_FREEZE, id);
    try {
      all(Control.DB_TRANSACTION_START, transaction);
      all(Control.WIPE_DATABASE, transaction);
      if (!content.isEmpty()) {
        push(content);
      }
      all(Control.DB_SET_HEALTHY, id);
      all(Control.DB_TRANSACTION_COMMIT, transaction);
      all(Control.DB_THAW, id);
    } catch (ToolFailure e) {
      client.ask(client.pnn(), Control.SET_RECMODE, Payload.ofU32(1));
      throw e;
    }
  }

  private void push(List<MarshallBuffer> content) {
    byte[] start = new PullDb(dbId, 0, Srvid.TOOL_RESTORE).encode();
    all(Control.DB_PUSH_START, start);
    int sent = 0;
    for (MarshallBuffer buffer : content) {
      byte[] bytes = buffer.encode();
      for (int node : nodes) {
        client.message(node, Srvid.TOOL_RESTORE, bytes);
      }
      sent += buffer.records().size();
    }
    for (DaemonClient.Reply reply : all(Control.DB_PUSH_CONFIRM, Payload.ofU32(dbId))) {
      int received = Payload.u32(reply.data());
      if (received != sent) {
        throw tool.fail(
            ToolFailure.EINVAL,
            "Node " + Text.u(reply.node()) + " received " + received + " of " + sent + " records");
      }
    }
  }

  private List<DaemonClient.Reply> all(Control control, byte[] data) {
    List<DaemonClient.Reply> replies = client.askAll(nodes, control, data);
    for (DaemonClient.Reply reply : replies) {
      if (reply.failed() || reply.status() != 0) {
        throw client.failure(reply, control);
      }
    }
    return replies;
  }
}
