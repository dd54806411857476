package io.jctdb.cli;

import io.jctdb.protocol.Connection;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The machine of a transcript. Time passes only by waiting, and then at once. */
final class ReplayHost implements Host {
  private final Transcript transcript;
  private final ReplayWire wire;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Output outLines = new Output(out);
  private final Output errLines = new Output(err);
  private final Map<String, byte[]> files = new HashMap<>();
  private long now = 1_000_000_000L;
  private long deadline = Long.MAX_VALUE;

  ReplayHost(Transcript transcript) {
    this.transcript = transcript;
    this.wire = new ReplayWire(this, transcript.trace());
    new ReplayFixture(transcript).provide(files);
  }

  ReplayWire wire() {
    return wire;
  }

  byte[] stdout() {
    return out.toByteArray();
  }

  byte[] stderr() {
    return err.toByteArray();
  }

  @Override
  public @Nullable String env(String name) {
    return transcript.environment().get(name);
  }

  @Override
  public Output out() {
    return outLines;
  }

  @Override
  public Output err() {
    return errLines;
  }

  @Override
  public InputStream in() {
    try {
      return new ByteArrayInputStream(transcript.stdin());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The stock tool's pid, which it used in the addresses for answers. */
  @Override
  public int pid() {
    for (Transcript.Line line : transcript.trace()) {
      long srvid = line.srvid();
      if (line.fromTool() && srvid >>> 48 == 0xCE01) {
        return (int) (srvid >>> 16 & 0xFFFF);
      }
      if (line.fromTool() && srvid >>> 56 == 0xBE) {
        return (int) srvid;
      }
    }
    return 4711;
  }

  @Override
  public long nanoTime() {
    return now;
  }

  @Override
  public void sleep(long millis) {
    pass(millis);
  }

  void pass(long millis) {
    now = millis == Wire.FOREVER ? deadline : now + millis * 1_000_000;
    if (now >= deadline) {
      errLines.line("Maximum runtime exceeded - exiting");
      throw new ToolFailure(1);
    }
  }

  @Override
  public void setDeadline(long nanoTime) {
    deadline = nanoTime;
  }

  @Override
  public Wire connect(Path socket) throws ConnectFailure {
    if (transcript.traced() && !transcript.trace().isEmpty()) {
      return wire;
    }
    String stderr = new String(transcript.stderr(), StandardCharsets.UTF_8);
    int errno = stderr.contains("errno=13") ? 13 : stderr.contains("errno=2") ? 2 : 111;
    throw new ConnectFailure(errno);
  }

  @Override
  public InputStream read(Path file) throws IOException {
    byte[] content = files.get(file.toString());
    if (content == null) {
      throw new NoSuchFileException(file.toString());
    }
    return new ByteArrayInputStream(content);
  }

  @Override
  public boolean isLocalAddress(InetAddress address) {
    return !transcript.name().equals("no-daemon-not-in-nodes");
  }

  @Override
  public int run(List<String> command) {
    throw new AssertionError("no helper runs in a replay: " + command);
  }

  @Override
  public boolean sendTickle(Connection connection) {
    return true;
  }

  @Override
  public RecordFile open(Path file, int tdbFlags, boolean writable) {
    throw new AssertionError("no database file is opened in a replay: " + file);
  }
}
