package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseFlag;
import io.jctdb.protocol.DatabaseMap;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.Payload;
import org.jspecify.annotations.Nullable;

/** A database as named on the command line: by name, or by {@code 0x} id (cli.md 8.1). */
record Database(int id, String name, int flags) {
  boolean isVolatile() {
    return (flags & (DatabaseFlag.PERSISTENT | DatabaseFlag.REPLICATED)) == 0;
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** Always looks on the local node; not found ends the command with status 1. */
  static Database find(Tool tool, String named) {
    Database database = lookUp(tool, named);
    if (database == null) {
      throw tool.fail(1, "No database matching '" + named + "' found");
    }
    return database;
  }

  /** As {@link #find}, but null if there is none. */
  static @Nullable Database lookUp(Tool tool, String named) {
    DaemonClient client = tool.client();
    DatabaseMap map = DatabaseMap.decode(client.data(client.pnn(), Control.GET_DBMAP));
    boolean byId = named.startsWith("0x");
    int id = 0;
    if (byId) {
      if (!Numbers.isNumber(named)) {
        return null;
      }
      id = (int) Numbers.parse(named);
    }
    for (DatabaseMap.Entry entry : map.databases()) {
      if (byId && entry.dbId() != id) {
        continue;
      }
      String name = name(client, client.pnn(), entry.dbId());
      if (byId || name.equals(named)) {
        return new Database(entry.dbId(), name, entry.flags());
      }
    }
    return null;
  }

  static String name(DaemonClient client, int node, int dbId) {
    return Payload.cstr(client.data(node, Control.GET_DBNAME, Payload.ofU32(dbId)));
  }

  static String path(DaemonClient client, int node, int dbId) {
    return Payload.cstr(client.data(node, Control.GETDBPATH, Payload.ofU32(dbId)));
  }

  /** The reason why it is unhealthy; empty if it is not. */
  static String health(DaemonClient client, int node, int dbId) {
    byte[] reason = client.data(node, Control.DB_GET_HEALTH, Payload.ofU32(dbId));
    try {
      return reason.length == 0 ? "" : Payload.cstr(reason);
    } catch (MalformedPacketException e) {
      return "unknown";
    }
  }
}
