package io.jctdb.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All commands, in the order of the stock usage text, and where each is implemented.
 *
 * <p>A switch, not a table of lambdas: each lambda would cost start time even when its command does
 * not run.
 */
final class CommandTable {
  private static final Command[] COMMANDS = {
    plain("version", "", "show the version of this tool"),
    remote("status", "", "show the state of the cluster"),
    remote("uptime", "", "show how long the daemon has been up"),
    remote("ping", "", "ask a daemon for a sign of life"),
    remote("runstate", "[setup|first_recovery|startup|running]", "show or test the run state"),
    remote("getvar", "<name>", "show a tunable"),
    remote("setvar", "<name> <value>", "set a tunable until the daemon restarts"),
    remote("listvars", "", "show all tunables"),
    remote("statistics", "", "show counters of a daemon"),
    remote("statisticsreset", "", "set all counters to zero"),
    remote("stats", "[count]", "show the history of the counters"),
    remote("ip", "[all]", "show public addresses"),
    remote("ipinfo", "<ip>", "show details of a public address"),
    remote("ifaces", "", "show interfaces of public addresses"),
    remote("setifacelink", "<iface> up|down", "tell the daemon the state of a link"),
    remote("process-exists", "<pid> [<srvid>]", "test whether a process is a client of the daemon"),
    remote("getdbmap", "", "show attached databases"),
    remote("getdbstatus", "<dbname|dbid>", "show the state of a database"),
    local("catdb", "<dbname|dbid>", "show all records of a database in the cluster"),
    local("cattdb", "<dbname|dbid>", "show all records of the local database file"),
    remote("getcapabilities", "", "show what roles a node may have"),
    local("pnn", "", "show the number of this node"),
    local("lvs", "leader|list|status", "show the LVS configuration"),
    remote("setdebug", "ERROR|WARNING|NOTICE|INFO|DEBUG", "set the log level of a daemon"),
    remote("getdebug", "", "show the log level of a daemon"),
    local(
        "attach", "<dbname> [persistent|replicated]", "attach, and create if missing, a database"),
    local("detach", "<dbname|dbid> ...", "detach databases"),
    remote("dumpmemory", "", "show the memory use of a daemon"),
    remote("rddumpmemory", "", "show the memory use of the recovery part"),
    remote("getpid", "", "show the process id of a daemon"),
    remote("disable", "", "take a node out of service"),
    remote("enable", "", "put a disabled node into service"),
    remote("stop", "", "make a node leave the cluster"),
    remote("continue", "", "let a stopped node join again"),
    remote("ban", "<bantime>", "exclude a node for some seconds"),
    remote("unban", "", "let a banned node join again"),
    remote("shutdown", "", "end a daemon"),
    remote("recover", "", "run a recovery"),
    remote("sync", "", "same as ipreallocate"),
    remote("ipreallocate", "", "distribute the public addresses anew"),
    remote("gratarp", "<ip> <interface>", "announce an address by ARP"),
    plain("tickle", "<srcip:port> <dstip:port>", "send a TCP tickle"),
    remote("gettickles", "<ip> [<port>]", "show connections to a public address"),
    remote("addtickle", "<ip>:<port> <ip>:<port>", "register a connection"),
    remote("deltickle", "<ip>:<port> <ip>:<port>", "forget a connection"),
    plain("listnodes", "", "show the nodes file"),
    local("reloadnodes", "", "make all daemons read the nodes file again"),
    local("moveip", "<ip> <node>", "move a public address to a node"),
    remote("addip", "<ip/mask> <iface>", "add a public address to a node"),
    remote("delip", "<ip>", "remove a public address from a node"),
    local("backupdb", "<dbname|dbid> <file>", "write a database to a file"),
    local("restoredb", "<file> [dbname]", "replace a database by a backup"),
    plain("dumpdbbackup", "<file>", "show a backup file"),
    local("wipedb", "<dbname|dbid>", "remove all records of a database"),
    remote("leader", "", "show the leader"),
    plain("event", "", "run or inspect event scripts"),
    plain(
        "scriptstatus",
        "[init|setup|startup|monitor|takeip|releaseip|ipreallocated]",
        "show the result of event scripts"),
    local("natgw", "leader|list|status", "show the NAT gateway configuration"),
    remote("getreclock", "", "show the cluster lock"),
    remote("setlmasterrole", "on|off", "allow or forbid the lmaster role"),
    remote("setleaderrole", "on|off", "allow or forbid the leader role"),
    remote("setdbreadonly", "<dbname|dbid>", "allow read-only copies of records"),
    remote("setdbsticky", "<dbname|dbid>", "let hot records stay for a while"),
    local("pfetch", "<dbname|dbid> <key>", "show a record of a persistent database"),
    local("pstore", "<dbname|dbid> <key> <value>", "store a record in a persistent database"),
    local("pdelete", "<dbname|dbid> <key>", "delete a record of a persistent database"),
    local("ptrans", "<dbname|dbid> [<file>]", "change records in one transaction"),
    remote("tfetch", "<tdb-file> <key> [<file>]", "show a record of a TDB file"),
    remote(
        "tstore",
        "<tdb-file> <key> <data> [<rsn> <dmaster> <flags>]",
        "store a record in a TDB file"),
    local("readkey", "<dbname|dbid> <key> [readonly]", "show a record of a volatile database"),
    local("writekey", "<dbname|dbid> <key> <value>", "store a record in a volatile database"),
    local("deletekey", "<dbname|dbid> <key>", "delete a record of a volatile database"),
    plain("checktcpport", "<port>", "test whether a TCP port is in use"),
    local("getdbseqnum", "<dbname|dbid>", "show the sequence number of a database"),
    remote("nodestatus", "[all|<pnn-list>]", "show the state of nodes"),
    remote("dbstatistics", "<dbname|dbid>", "show counters of a database"),
    local("reloadips", "[all|<pnn-list>]", "make nodes read their public addresses again")
  };

  /** Ours alone: the stock usage text, which scripts may compare, does not name it. */
  private static final Command WAN =
      remote("wan", "", "show the links to other nodes, and their sites");

  private static final Command SETSITE =
      remote("setsite", "<site> [restart]", "move a node to another site");

  private CommandTable() {}

  static @Nullable Command find(String name) {
    for (Command command : COMMANDS) {
      if (command.name().equals(name)) {
        return command;
      }
    }
    return switch (name) {
      case "wan" -> WAN;
      case "setsite" -> SETSITE;
      default -> null;
    };
  }

  static void printAll(Output out) {
    out.line("Commands:");
    for (Command command : COMMANDS) {
      out.line(command.usageLine());
    }
  }

  /** Runs a command; its exit status. */
  static int run(String command, Tool tool, List<String> arguments) {
    return switch (command) {
      case "version",
          "uptime",
          "ping",
          "runstate",
          "process-exists",
          "getcapabilities",
          "pnn",
          "getpid",
          "leader",
          "getreclock",
          "getdebug",
          "setdebug",
          "dumpmemory",
          "rddumpmemory" ->
          InformationCommands.run(command, tool, arguments);
      case "status", "nodestatus" -> StatusCommands.run(command, tool, arguments);
      case "getvar", "setvar", "listvars" -> TunableCommands.run(command, tool, arguments);
      case "statistics", "statisticsreset", "stats", "dbstatistics" ->
          StatisticsCommands.run(command, tool, arguments);
      case "ip", "ipinfo", "ifaces", "setifacelink", "addip", "delip", "gratarp" ->
          AddressCommands.run(command, tool, arguments);
      case "moveip", "reloadips", "ipreallocate", "sync" ->
          AddressMoveCommands.run(command, tool, arguments);
      case "gettickles", "addtickle", "deltickle", "tickle" ->
          TickleCommands.run(command, tool, arguments);
      case "getdbmap",
          "getdbstatus",
          "attach",
          "detach",
          "setdbreadonly",
          "setdbsticky",
          "getdbseqnum" ->
          DatabaseCommands.run(command, tool, arguments);
      case "catdb", "cattdb" -> DumpCommands.run(command, tool, arguments);
      case "readkey", "writekey", "deletekey", "tfetch", "tstore" ->
          RecordCommands.run(command, tool, arguments);
      case "pfetch", "pstore", "pdelete", "ptrans" ->
          TransactionCommands.run(command, tool, arguments);
      case "backupdb", "restoredb", "dumpdbbackup", "wipedb" ->
          BackupCommands.run(command, tool, arguments);
      case "disable", "enable", "stop", "continue", "ban", "unban" ->
          NodeStateCommands.run(command, tool, arguments);
      case "shutdown", "recover", "setlmasterrole", "setleaderrole" ->
          ClusterCommands.run(command, tool, arguments);
      case "listnodes", "reloadnodes" -> NodesFileCommands.run(command, tool, arguments);
      case "event", "scriptstatus", "natgw", "lvs" -> HelperCommands.run(command, tool, arguments);
      case "wan" -> LinkCommands.run(tool, arguments);
      case "setsite" -> SiteCommands.run(tool, arguments);
      case "checktcpport" -> PortCommand.run(command, tool, arguments);
      default -> throw new IllegalStateException("no such command: " + command);
    };
  }

  private static Command plain(String name, String arguments, String help) {
    return new Command(name, arguments, false, false, help);
  }

  private static Command local(String name, String arguments, String help) {
    return new Command(name, arguments, true, false, help);
  }

  private static Command remote(String name, String arguments, String help) {
    return new Command(name, arguments, true, true, help);
  }
}
