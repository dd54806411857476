package io.jctdb.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Database ids: the jenkins hash of the name <em>including its terminating NUL</em>. */
public final class DatabaseId {
  private DatabaseId() {}

  public static int of(String name) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    return JenkinsHash.hash(Arrays.copyOf(text, text.length + 1));
  }

  /** The form in which people meet an id: {@code 0x7a19d84d}. */
  public static String toString(int id) {
    return String.format("0x%08x", id);
  }
}
