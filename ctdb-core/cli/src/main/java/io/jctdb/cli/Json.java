package io.jctdb.cli;

import java.util.List;

/** Writes JSON with two blanks for each level and no newline at the end, as newer Samba does. */
final class Json {
  private final StringBuilder text = new StringBuilder();
  private int depth;
  private boolean first = true;

  /** Begins an object or an array: an unnamed one, or the value of the key before. */
  Json open(String bracket) {
    text.append(bracket);
    depth++;
    first = true;
    return this;
  }

  Json close(String bracket) {
    depth--;
    if (!first) {
      newline();
    }
    text.append(bracket);
    first = false;
    return this;
  }

  Json key(String name) {
    separate();
    quoted(name);
    text.append(": ");
    return this;
  }

  /** The next element of an array begins. */
  Json separate() {
    if (!first) {
      text.append(',');
    }
    first = false;
    newline();
    return this;
  }

  /** A number, a truth or null, as it is. */
  Json raw(String name, String value) {
    key(name);
    text.append(value);
    return this;
  }

  Json number(String name, long value) {
    return raw(name, Long.toString(value));
  }

  Json truth(String name, boolean value) {
    return raw(name, Boolean.toString(value));
  }

  Json string(String name, String value) {
    key(name);
    quoted(value);
    return this;
  }

  Json strings(String name, List<String> values) {
    key(name).open("[");
    for (String value : values) {
      separate();
      quoted(value);
    }
    return close("]");
  }

  private void quoted(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char letter = value.charAt(i);
      if (letter == '"' || letter == '\\') {
        text.append('\\').append(letter);
      } else if (letter < ' ') {
        text.append(String.format("\\u%04x", (int) letter));
      } else {
        text.append(letter);
      }
    }
    text.append('"');
  }

  private void newline() {
    text.append('\n').append("  ".repeat(depth));
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
