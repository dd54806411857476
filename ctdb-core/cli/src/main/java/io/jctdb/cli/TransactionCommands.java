package io.jctdb.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Records of persistent and replicated databases (cli.md 9.2). */
final class TransactionCommands {
  private static final int LONGEST_LINE = 1023;

  private final Tool tool;

  private TransactionCommands(Tool tool) {
    this.tool = tool;
  }

  static int run(String command, Tool tool, List<String> arguments) {
    TransactionCommands commands = new TransactionCommands(tool);
    return switch (command) {
      case "pfetch" -> commands.fetch(arguments);
      case "pstore" -> commands.store(arguments);
      case "pdelete" -> commands.delete(arguments);
      default -> commands.transaction(arguments);
    };
  }

  /** What a transaction does between lock and commit. */
  private interface Work {
    void in(Transaction transaction);
  }

  /**
   * No lock: the local file is written in transactions of its own, one read sees all or nothing.
   */
  private int fetch(List<String> arguments) {
    tool.expect(arguments, 2, 2);
    Database database = database(arguments.getFirst());
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    try (RecordFile file = attachment.open()) {
      byte[] value = new Transaction(tool, attachment, file).fetch(key);
      if (value != null) {
        tool.out().raw(KeyArgument.untilNul(value));
      }
      tool.out().line("");
    }
    return 0;
  }

  private int store(List<String> arguments) {
    tool.expect(arguments, 3, 3);
    Database database = database(arguments.getFirst());
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    byte[] value = KeyArgument.parse(tool, "value", arguments.get(2));
    return run(database, transaction -> transaction.store(key, value));
  }

  private int delete(List<String> arguments) {
    tool.expect(arguments, 2, 2);
    Database database = database(arguments.getFirst());
    byte[] key = KeyArgument.parse(tool, "key", arguments.get(1));
    return run(
        database,
        transaction -> {
          if (transaction.fetch(key) != null) {
            transaction.store(key, new byte[0]);
          }
        });
  }

  private int transaction(List<String> arguments) {
    tool.expect(arguments, 1, 2);
    Database database = database(arguments.getFirst());
    if (arguments.size() == 1) {
      return run(database, transaction -> readLines(transaction, tool.host().in()));
    }
    try (InputStream file = tool.host().read(Path.of(arguments.get(1)))) {
      return run(database, transaction -> readLines(transaction, file));
    } catch (IOException e) {
      throw tool.fail(1, "Failed to open file " + arguments.get(1));
    }
  }

  private Database database(String named) {
    Database database = Database.find(tool, named);
    if (database.isVolatile()) {
      throw tool.fail(1, "Transactions not supported on DB " + database.name());
    }
    return database;
  }

  private int run(Database database, Work work) {
    Attachment attachment = Attachment.toRecordsOf(tool, database);
    try (RecordFile file = attachment.open();
        GlobalLock lock = new GlobalLock(tool, database.id())) {
      lock.acquire();
      Transaction transaction = new Transaction(tool, attachment, file);
      work.in(transaction);
      transaction.commit();
      lock.release();
    }
    return 0;
  }

  private void readLines(Transaction transaction, InputStream input) {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(input, StandardCharsets.ISO_8859_1));
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        apply(transaction, line);
      }
    } catch (IOException e) {
      throw tool.fail(5, "Failed to read: " + e.getMessage());
    }
  }

  /** {@code "key" "value"}; a bad line is reported and skipped. */
  private void apply(Transaction transaction, String line) {
    if (line.length() > LONGEST_LINE) {
      tool.err().line("Line too long: " + line.substring(0, 40));
      return;
    }
    QuotedWords words = new QuotedWords(tool, line);
    byte[] key = words.next();
    if (key == null || key.length == 0) {
      return;
    }
    byte[] value = words.next();
    if (value != null) {
      transaction.store(key, value);
    }
  }
}
