package io.jctdb.cli;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Backup, restore and wipe (cli.md 10). */
final class BackupCommands {
  private static final int ENOENT = 2;

  private final Tool tool;

  private BackupCommands(Tool tool) {
    this.tool = tool;
  }

  static int run(String command, Tool tool, List<String> arguments) {
    BackupCommands commands = new BackupCommands(tool);
    return switch (command) {
      case "backupdb" -> commands.backup(arguments);
      case "restoredb" -> commands.restore(arguments);
      case "dumpdbbackup" -> commands.dump(arguments);
      default -> commands.wipe(arguments);
    };
  }

  private int backup(List<String> arguments) {
    tool.expect(arguments, 2, 2);
    Database database = Database.find(tool, arguments.getFirst());
    Path target = Path.of(arguments.get(1));
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(target))) {
      BackupFile.Collector collector = new BackupFile.Collector(database.id());
      try (RecordFile file = attachment.open()) {
        file.forEach(
            (key, data) -> {
              boolean empty = data.length <= RecordHeader.SIZE;
              if (!empty || !database.isVolatile()) {
                collector.add(new RecordData(0, new Key(key), data));
              }
            });
      }
      long now = System.currentTimeMillis() / 1000;
      new BackupFile(now, database.flags(), database.name(), collector.buffers()).write(out);
    } catch (IOException e) {
      throw tool.fail(ENOENT, "Failed to open file " + target + " for writing");
    }
    tool.out().line("Database backed up to " + target);
    return 0;
  }

  private int dump(List<String> arguments) {
    if (arguments.size() != 1) {
      throw tool.usageOfEverything();
    }
    BackupFile backup = read(arguments.getFirst());
    tool.out()
        .line(
            "Dumping database " + backup.name() + " from backup @ " + Times.slashed(backup.time()));
    RecordPrinter printer = new RecordPrinter(tool.out());
    for (MarshallBuffer buffer : backup.buffers()) {
      for (RecordData each : buffer.records()) {
        if (each.data().length >= RecordHeader.SIZE) {
          printer.print(each.key().bytes(), each.data());
        }
      }
    }
    tool.out().line("Dumped " + backup.records() + " record(s)");
    return 0;
  }

  private int restore(List<String> arguments) {
    tool.expect(arguments, 1, 2);
    BackupFile backup = read(arguments.getFirst());
    String name = arguments.size() == 2 ? arguments.get(1) : backup.name();
    tool.out()
        .line("Restoring database " + name + " from backup @ " + Times.slashed(backup.time()));
    int id = Attachment.toReplace(tool, name, backup.flags());
    // The file's own database ids are garbage when the stock tool wrote it.
    List<MarshallBuffer> content =
        backup.buffers().stream().map(buffer -> new MarshallBuffer(id, buffer.records())).toList();
    new DatabaseReplacement(tool, id).run(content);
    tool.out().line("Database " + name + " restored");
    return 0;
  }

  private int wipe(List<String> arguments) {
    tool.expect(arguments, 1, 1);
    Database database = Database.find(tool, arguments.getFirst());
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    new DatabaseReplacement(tool, attachment.id()).run(List.of());
    tool.out().line("Database " + database.name() + " wiped");
    return 0;
  }

  private BackupFile read(String file) {
    try {
      return BackupFile.read(tool.host(), Path.of(file));
    } catch (BackupFile.BadBackup e) {
      throw tool.fail(e.status, Objects.requireNonNull(e.getMessage()));
    }
  }
}
