package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.TraverseStartExt;
import java.util.List;

/** All records of a database: in the cluster, or in the local file (cli.md 8.5). */
final class DumpCommands {
  private DumpCommands() {}

  static int run(String command, Tool tool, List<String> arguments) {
    tool.expect(arguments, 1, 1);
    Database database = Database.find(tool, arguments.getFirst());
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    return command.equals("catdb") ? traverse(tool, attachment) : walk(tool, attachment);
  }

  private static int traverse(Tool tool, Attachment attachment) {
    DaemonClient client = tool.client();
    long srvid = Srvid.CLIENT_RANGE | tool.host().pid();
    client.register(srvid);
    byte[] request = new TraverseStartExt(attachment.id(), 0, srvid, false).encode();
    client.data(client.pnn(), Control.TRAVERSE_START_EXT, request);
    RecordPrinter printer = new RecordPrinter(tool.out());
    int records = 0;
    while (true) {
      byte[] message = client.awaitMessage(srvid, Wire.FOREVER);
      if (message == null) {
        throw new ToolFailure(ToolFailure.ETIMEDOUT);
      }
      RecordData data = decode(tool, message);
      if (data.isEnd()) {
        break;
      }
      if (data.data().length > RecordHeader.SIZE) {
        printer.print(data.key().bytes(), data.data());
        records++;
      }
    }
    client.deregister(srvid);
    tool.out().line("Dumped " + records + " records");
    return 0;
  }

  private static RecordData decode(Tool tool, byte[] message) {
    try {
      RecordData data = RecordData.decode(message);
      if (!data.isEnd()) {
        data.header(); // must have one
      }
      return data;
    } catch (MalformedPacketException e) {
      throw tool.fail(5, "Bad record in traverse: " + e.getMessage());
    }
  }

  private static int walk(Tool tool, Attachment attachment) {
    RecordPrinter printer = new RecordPrinter(tool.out());
    int[] records = {0};
    try (RecordFile file = attachment.open()) {
      file.forEach(
          (key, data) -> {
            if (data.length >= RecordHeader.SIZE) {
              printer.print(key, data);
              records[0]++;
            }
          });
    }
    tool.out().line("Dumped " + records[0] + " record(s)");
    return 0;
  }
}
