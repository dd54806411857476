package io.jctdb.cli;

import io.jctdb.protocol.RecordHeader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Single records of volatile databases, and of TDB files as such (cli.md 9.1, 9.3). */
final class RecordCommands {
  private static final int MAX_STORE_ARGUMENTS = 5;

  private RecordCommands() {}

  static int run(String command, Tool tool, List<String> arguments) {
    return switch (command) {
      case "readkey" -> read(tool, arguments);
      case "writekey" -> write(tool, arguments);
      case "deletekey" -> delete(tool, arguments);
      case "tfetch" -> fetchFromFile(tool, arguments);
      default -> storeInFile(tool, arguments);
    };
  }

  private static int read(Tool tool, List<String> arguments) {
    tool.expect(arguments, 2, 3);
    boolean readOnly = arguments.size() == 3;
    if (readOnly && !arguments.get(2).equals("readonly")) {
      throw tool.usage();
    }
    Database database = volatileDatabase(tool, arguments.getFirst());
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    try (RecordFile file = attachment.open();
        OwnedRecord record = OwnedRecord.take(attachment, file, key, readOnly)) {
      byte[] value = record.value();
      String text = new String(KeyArgument.untilNul(value), StandardCharsets.ISO_8859_1);
      byte[] line =
          ("Data: size:" + value.length + " ptr:[" + text + "]\n")
              .getBytes(StandardCharsets.ISO_8859_1);
      tool.out().raw(line);
    }
    return 0;
  }

  private static int write(Tool tool, List<String> arguments) {
    tool.expect(arguments, 3, 3);
    Database database = volatileDatabase(tool, arguments.getFirst());
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    byte[] value = KeyArgument.parse(tool, "value", arguments.get(2));
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    try (RecordFile file = attachment.open();
        OwnedRecord record = OwnedRecord.take(attachment, file, key, false)) {
      record.store(value);
    }
    return 0;
  }

  private static int delete(Tool tool, List<String> arguments) {
    tool.expect(arguments, 2, 2);
    Database database = volatileDatabase(tool, arguments.getFirst());
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    try (RecordFile file = attachment.open();
        OwnedRecord record = OwnedRecord.take(attachment, file, key, false)) {
      record.delete();
    }
    return 0;
  }

  private static Database volatileDatabase(Tool tool, String named) {
    Database database = Database.find(tool, named);
    if (!database.isVolatile()) {
      throw tool.fail(1, "DB " + database.name() + " is not a volatile database");
    }
    return database;
  }

  private static int fetchFromFile(Tool tool, List<String> arguments) {
    tool.expect(arguments, 2, 3);
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    byte[] data;
    try (RecordFile file = open(tool, arguments.getFirst(), false)) {
      data = file.fetch(key);
    }
    if (data == null) {
      throw tool.fail(1, "No record for key " + arguments.get(1));
    }
    if (data.length < RecordHeader.SIZE) {
      throw tool.fail(1, "Invalid record for key " + arguments.get(1));
    }
    new RecordPrinter(tool.out()).printWithoutKey(data);
    if (arguments.size() == 3) {
      try {
        Files.write(Path.of(arguments.get(2)), data);
      } catch (IOException e) {
        throw tool.fail(1, "Failed to open output file " + arguments.get(2));
      }
    }
    return 0;
  }

  private static int storeInFile(Tool tool, List<String> arguments) {
    tool.expect(arguments, 3, MAX_STORE_ARGUMENTS);
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    byte[] value = KeyArgument.parse(tool, "data", arguments.get(2));
    long rsn = arguments.size() > 3 ? tool.number(arguments.get(3)) : 0;
    int dmaster = arguments.size() > 4 ? Numbers.leading(arguments.get(4)) : 0;
    byte[] data = new byte[RecordHeader.SIZE + value.length];
    new RecordHeader(rsn, dmaster, 0).write(data, 0);
    System.arraycopy(value, 0, data, RecordHeader.SIZE, value.length);
    try (RecordFile file = open(tool, arguments.getFirst(), true)) {
      file.store(key, data);
    }
    return 0;
  }

  private static RecordFile open(Tool tool, String file, boolean writable) {
    return tool.host().open(Path.of(file), 0, writable);
  }
}
