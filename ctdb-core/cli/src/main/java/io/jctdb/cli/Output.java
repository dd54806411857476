package io.jctdb.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A stream of text lines; each line leaves at once, as the stock tool's do even into a pipe. */
final class Output {
  private final OutputStream stream;

  Output(OutputStream stream) {
    this.stream = stream;
  }

  void line(String text) {
    raw((text + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Text as it is, without a newline. */
  void text(String text) {
    raw(text.getBytes(StandardCharsets.UTF_8));
  }

  void raw(byte[] bytes) {
    try {
      stream.write(bytes);
      stream.flush();
    } catch (IOException e) {
      // Nobody reads us any more: there is no better place to say so.
      throw new ToolFailure(1);
    }
  }
}
