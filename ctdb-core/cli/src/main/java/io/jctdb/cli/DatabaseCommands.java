package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseFlag;
import io.jctdb.protocol.DatabaseMap;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SeqnumRequest;
import io.jctdb.protocol.StringN;
import java.util.List;
import java.util.Locale;

/** Databases as wholes (cli.md 8.2 to 8.4, 9.4). */
final class DatabaseCommands {
  private final Tool tool;
  private final DaemonClient client;

  private DatabaseCommands(Tool tool) {
    this.tool = tool;
    this.client = tool.client();
  }

  static int run(String command, Tool tool, List<String> arguments) {
    DatabaseCommands commands = new DatabaseCommands(tool);
    return switch (command) {
      case "getdbmap" -> commands.map(arguments);
      case "getdbstatus" -> commands.status(arguments);
      case "attach" -> commands.attach(arguments);
      case "detach" -> commands.detach(arguments);
      case "setdbreadonly" -> commands.set(arguments, Control.SET_DB_READONLY, "READONLY");
      case "setdbsticky" -> commands.set(arguments, Control.SET_DB_STICKY, "STICKY");
      default -> commands.sequenceNumber(arguments);
    };
  }

  private int map(List<String> arguments) {
    tool.expect(arguments, 0, 0);
    int node = tool.node();
    DatabaseMap map = DatabaseMap.decode(client.data(node, Control.GET_DBMAP));
    if (tool.machine()) {
      tool.row("ID", "Name", "Path", "Persistent", "Sticky", "Unhealthy", "Readonly", "Replicated");
    } else {
      tool.out().line("Number of databases:" + map.databases().size());
    }
    for (DatabaseMap.Entry entry : map.databases()) {
      int id = entry.dbId();
      String name = Database.name(client, node, id);
      String path = Database.path(client, node, id);
      boolean unhealthy = !Database.health(client, node, id).isEmpty();
      print(new Database(id, name, entry.flags()), path, unhealthy);
    }
    return 0;
  }

  private void print(Database database, String path, boolean unhealthy) {
    boolean persistent = database.has(DatabaseFlag.PERSISTENT);
    boolean sticky = database.has(DatabaseFlag.STICKY);
    boolean readOnly = database.has(DatabaseFlag.READONLY);
    boolean replicated = database.has(DatabaseFlag.REPLICATED);
    if (tool.machine()) {
      tool.row(
          "0x" + Text.hex8(database.id()).toUpperCase(Locale.ROOT),
          database.name(),
          path,
          persistent ? 1 : 0,
          sticky ? 1 : 0,
          unhealthy ? 1 : 0,
          readOnly ? 1 : 0,
          replicated ? 1 : 0);
      return;
    }
    tool.out()
        .line(
            "dbid:"
                + Text.id(database.id())
                + (" name:" + database.name())
                + (" path:" + path)
                + (persistent ? " PERSISTENT" : "")
                + (sticky ? " STICKY" : "")
                + (readOnly ? " READONLY" : "")
                + (replicated ? " REPLICATED" : "")
                + (unhealthy ? " UNHEALTHY" : ""));
  }

  private int status(List<String> arguments) {
    tool.expect(arguments, 1, 1);
    Database database = Database.find(tool, arguments.getFirst());
    String path = Database.path(client, tool.node(), database.id());
    String health = Database.health(client, tool.node(), database.id());
    Output out = tool.out();
    out.line("dbid: " + Text.id(database.id()));
    out.line("name: " + database.name());
    out.line("path: " + path);
    out.line("PERSISTENT: " + yesNo(database.has(DatabaseFlag.PERSISTENT)));
    out.line("REPLICATED: " + yesNo(database.has(DatabaseFlag.REPLICATED)));
    out.line("STICKY: " + yesNo(database.has(DatabaseFlag.STICKY)));
    out.line("READONLY: " + yesNo(database.has(DatabaseFlag.READONLY)));
    out.line("HEALTH: " + (health.isEmpty() ? "OK" : health));
    return 0;
  }

  private static String yesNo(boolean yes) {
    return yes ? "yes" : "no";
  }

  private int attach(List<String> arguments) {
    tool.expect(arguments, 1, 2);
    int flags = 0;
    if (arguments.size() == 2) {
      flags =
          switch (arguments.get(1)) {
            case "persistent" -> DatabaseFlag.PERSISTENT;
            case "replicated" -> DatabaseFlag.REPLICATED;
            case "readonly" -> DatabaseFlag.READONLY;
            case "sticky" -> DatabaseFlag.STICKY;
            default -> throw tool.usage();
          };
    }
    Attachment.attach(tool, arguments.getFirst(), flags);
    return 0;
  }

  private int detach(List<String> arguments) {
    tool.expect(arguments, 1, Integer.MAX_VALUE);
    if (client.control(client.pnn(), Control.GET_RECMODE, Payload.empty()).status() != 0) {
      throw tool.fail(1, "Database cannot be detached when recovery is active");
    }
    for (Node node : tool.cluster().map().nodes()) {
      demandClientsGone(node);
    }
    int status = 0;
    for (String named : arguments) {
      Database database = Database.lookUp(tool, named);
      if (database == null) {
        tool.err().line("No database matching '" + named + "' found");
        continue;
      }
      if (!database.isVolatile()) {
        tool.err().line("Only volatile databases can be detached");
        return 1;
      }
      DaemonClient.Reply reply =
          client.ask(client.pnn(), Control.DB_DETACH, Payload.ofU32(database.id()));
      if (reply.failed()) {
        client.failure(reply, Control.DB_DETACH);
        tool.err().line("Database " + named + " detach failed");
        status = 1;
      }
    }
    return status;
  }

  private void demandClientsGone(Node node) {
    if (node.has(NodeFlags.DISCONNECTED)) {
      return;
    }
    if (node.has(NodeFlags.INACTIVE)) {
      throw tool.fail(
          1,
          "Database cannot be detached on inactive (stopped or banned) node " + Text.u(node.pnn()));
    }
    byte[] name = new StringN("AllowClientDBAttach").encode();
    if (Payload.u32(client.data(node.pnn(), Control.GET_TUNABLE, name)) == 1) {
      throw tool.fail(
          1,
          "Database access is still active on node "
              + Text.u(node.pnn())
              + ". Set AllowclientDBAttach=0 on all nodes.");
    }
  }

  private int set(List<String> arguments, Control control, String property) {
    tool.expect(arguments, 1, 1);
    Database database = Database.find(tool, arguments.getFirst());
    if (!database.isVolatile()) {
      throw tool.fail(1, property + " can be set only on volatile DB");
    }
    client.data(tool.node(), control, Payload.ofU32(database.id()));
    return 0;
  }

  private int sequenceNumber(List<String> arguments) {
    tool.expect(arguments, 1, 1);
    Database database = Database.find(tool, arguments.getFirst());
    byte[] question = new SeqnumRequest(database.id()).encode();
    long number = Payload.u64(client.data(tool.node(), Control.GET_DB_SEQNUM, question));
    tool.out().line("0x" + Long.toHexString(number));
    return 0;
  }
}
