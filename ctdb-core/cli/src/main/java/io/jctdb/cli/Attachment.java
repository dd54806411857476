package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseFlag;
import io.jctdb.protocol.Payload;
import java.nio.file.Path;

/** A database that this tool has attached: its file can be opened (cli.md 8.3). */
record Attachment(Tool tool, int id, String name, Path path, int tdbFlags) {
  /** Attaches, which creates the database if it is missing; says why if that fails. */
  static Attachment attach(Tool tool, String name, int flags) {
    int id = attachOnly(tool, name, flags);
    DaemonClient client = tool.client();
    int self = client.pnn();
    Path path = Path.of(Database.path(client, self, id));
    String reason = Database.health(client, self, id);
    if (!reason.isEmpty()) {
      throw tool.fail(5, "attach: " + name + " database unhealthy (" + reason + ")");
    }
    if ((flags & DatabaseFlag.READONLY) != 0) {
      setEverywhere(tool, Control.SET_DB_READONLY, id);
    }
    if ((flags & DatabaseFlag.STICKY) != 0) {
      setEverywhere(tool, Control.SET_DB_STICKY, id);
    }
    int tdbFlags = Payload.u32(client.data(self, Control.DB_OPEN_FLAGS, Payload.ofU32(id)));
    return new Attachment(tool, id, name, path, tdbFlags);
  }

  /** Returns the id of the database, which may be unhealthy. */
  private static int attachOnly(Tool tool, String name, int flags) {
    DaemonClient client = tool.client();
    Control control =
        (flags & DatabaseFlag.PERSISTENT) != 0
            ? Control.DB_ATTACH_PERSISTENT
            : (flags & DatabaseFlag.REPLICATED) != 0
                ? Control.DB_ATTACH_REPLICATED
                : Control.DB_ATTACH;
    int self = client.pnn();
    DaemonClient.Reply reply = client.ask(self, control, Payload.ofCstr(name));
    if (reply.timedOut()) {
      tool.err().line("attach: " + name + " " + control.name() + " failed, ret=110");
      throw new ToolFailure(ToolFailure.ETIMEDOUT);
    }
    if (reply.status() != 0) {
      tool.err().line("attach: " + name + " failed to get db_id, ret=" + reply.status());
      throw new ToolFailure(reply.status() < 0 ? 1 : reply.status());
    }
    return Payload.u32(reply.data());
  }

  /**
   * Attaches a database whose whole content is about to be replaced, which is how an unhealthy one
   * gets well again, and returns its id.
   */
  static int toReplace(Tool tool, String name, int flags) {
    try {
      return attachOnly(tool, name, flags & (DatabaseFlag.PERSISTENT | DatabaseFlag.REPLICATED));
    } catch (ToolFailure e) {
      tool.err().line("Failed to attach to DB " + name);
      throw e;
    }
  }

  /** Attaches a known database as what it is, for a command that wants its records. */
  static Attachment toRecordsOf(Tool tool, Database database) {
    return toRecordsOf(tool, database.name(), database.flags());
  }

  static Attachment toRecordsOf(Tool tool, String name, int flags) {
    try {
      return attach(tool, name, flags & (DatabaseFlag.PERSISTENT | DatabaseFlag.REPLICATED));
    } catch (ToolFailure e) {
      tool.err().line("Failed to attach to DB " + name);
      throw e;
    }
  }

  RecordFile open() {
    return tool.host().open(path, tdbFlags, true);
  }

  private static void setEverywhere(Tool tool, Control control, int id) {
    DaemonClient client = tool.client();
    for (DaemonClient.Reply reply :
        client.askAll(tool.cluster().connectedNodes(), control, Payload.ofU32(id))) {
      if (reply.failed()) {
        throw client.failure(reply, control);
      }
    }
  }
}
