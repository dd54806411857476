package io.jctdb.cli;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The words of a {@code ptrans} line: quoted, or quoted hexadecimal (cli.md 9.2). */
final class QuotedWords {
  private final Tool tool;
  private String rest;

  /** {@code line} has one character per byte. */
  QuotedWords(Tool tool, String line) {
    this.tool = tool;
    this.rest = line;
  }

  /** The next word, or null after saying what is wrong with it. */
  byte @Nullable [] next() {
    int start = 0;
    while (start < rest.length() && (rest.charAt(start) == ' ' || rest.charAt(start) == '\t')) {
      start++;
    }
    String from = rest.substring(start);
    if (!from.startsWith("\"")) {
      complain("Unsupported input format in " + from);
      return null;
    }
    int end = from.indexOf('"', 1);
    if (end < 0) {
      complain("Unmatched \" in input " + from);
      return null;
    }
    String word = from.substring(1, end);
    rest = from.substring(end + 1);
    return word.startsWith("0x")
        ? KeyArgument.parse(tool, "input", word)
        : word.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The line's own newline, and the message's. */
  private void complain(String message) {
    tool.err().raw((message + "\n\n").getBytes(StandardCharsets.ISO_8859_1));
  }
}
