package io.jctdb.recovery;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Records in ZooKeeper are lines of {@code key=value}, so that people can read them. */
final class KeyValueText {
  /** Far above any record of ours; a larger one is not ours. */
  private static final int SIZE_MAX = 64 * 1024;

  private final Map<String, String> values;

  private KeyValueText(Map<String, String> values) {
    this.values = values;
  }

  static KeyValueText empty() {
    return new KeyValueText(new LinkedHashMap<>());
  }

  /**
   * Reads what {@link #bytes} wrote; keys of later versions are kept and not looked at.
   *
   * @throws IllegalArgumentException not such a text
   */
  static KeyValueText parse(byte[] data) {
    if (data.length > SIZE_MAX) {
      throw new IllegalArgumentException("record of " + data.length + " bytes");
    }
    Map<String, String> values = new HashMap<>();
    for (String line : new String(data, StandardCharsets.UTF_8).split("\n", -1)) {
      int equals = line.indexOf('=');
      if (equals > 0) {
        values.put(line.substring(0, equals), line.substring(equals + 1));
      } else if (!line.isEmpty()) {
        throw new IllegalArgumentException("line \"" + line + "\" is not key=value");
      }
    }
    return new KeyValueText(values);
  }

  KeyValueText put(String key, Object value) {
    values.put(key, value.toString().replace('\n', ' '));
    return this;
  }

  String text(String key) {
    String value = values.get(key);
    if (value == null) {
      throw new IllegalArgumentException("no " + key);
    }
    return value;
  }

  String text(String key, String otherwise) {
    return values.getOrDefault(key, otherwise);
  }

  /** NumberFormatException is an IllegalArgumentException. */
  long number(String key) {
    return Long.parseLong(text(key));
  }

  int integer(String key) {
    return Integer.parseInt(text(key));
  }

  byte[] bytes() {
    StringBuilder text = new StringBuilder();
    values.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
