package io.jctdb.cli;

import io.jctdb.protocol.RecordHeader;
import java.util.Arrays;

/** Records as {@code catdb} and its relatives print them (cli.md 8.5). */
final class RecordPrinter {
  private static final int[] FLAGS = {
    RecordHeader.MIGRATED_WITH_DATA,
    RecordHeader.VACUUM_MIGRATED,
    RecordHeader.AUTOMATIC,
    RecordHeader.RO_HAVE_DELEGATIONS,
    RecordHeader.RO_HAVE_READONLY,
    RecordHeader.RO_REVOKING_READONLY,
    RecordHeader.RO_REVOKE_COMPLETE
  };
  private static final String[] FLAG_NAMES = {
    "MIGRATED_WITH_DATA",
    "VACUUM_MIGRATED",
    "AUTOMATIC",
    "RO_HAVE_DELEGATIONS",
    "RO_HAVE_READONLY",
    "RO_REVOKING_READONLY",
    "RO_REVOKE_COMPLETE"
  };

  private final Output out;

  RecordPrinter(Output out) {
    this.out = out;
  }

  /** Key, header, value and a blank line; {@code data} has at least the 24 bytes of the header. */
  void print(byte[] key, byte[] data) {
    out.line("key(" + key.length + ") = " + Text.quoted(key));
    printWithoutKey(data);
    out.line("");
  }

  void printWithoutKey(byte[] data) {
    RecordHeader header = RecordHeader.read(data, 0);
    byte[] value = Arrays.copyOfRange(data, RecordHeader.SIZE, data.length);
    out.line("dmaster: " + Text.u(header.dmaster()));
    out.line("rsn: " + Long.toUnsignedString(header.rsn()));
    StringBuilder flags = new StringBuilder("flags: " + Text.id(header.flags()));
    for (int i = 0; i < FLAGS.length; i++) {
      if ((header.flags() & FLAGS[i]) != 0) {
        flags.append(' ').append(FLAG_NAMES[i]);
      }
    }
    out.line(flags.toString());
    out.line("data(" + value.length + ") = " + Text.quoted(value));
  }
}
