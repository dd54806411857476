package io.jctdb.eventscripts;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * One client of the event socket: requests come pipelined, replies leave in the order in which they
 * become ready. A client that does not read its replies is cut off, so that it cannot hold up
 * events; the events it asked for go on.
 */
final class EventConnection {
  private static final int REPLIES_MAX = 1000;

  private final SocketChannel channel;
  private final EventRunner runner;
  private final BlockingQueue<ByteBuffer> replies = new ArrayBlockingQueue<>(REPLIES_MAX);

  EventConnection(SocketChannel channel, EventRunner runner) {
    this.channel = channel;
    this.runner = runner;
  }

  void start() {
    Thread writer = Thread.ofVirtual().name("eventd-write").start(this::write);
    Thread.ofVirtual()
        .name("eventd-read")
        .start(
            () -> {
              read();
              writer.interrupt();
            });
  }

  private void read() {
    try {
      ByteBuffer header = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
      while (fill(header.clear())) {
        int length = EventPacket.checkLength(header.getInt(0));
        ByteBuffer packet = ByteBuffer.allocate(length).put(header.flip());
        if (!fill(packet)) {
          break;
        }
        handle(EventPacket.parse(packet.flip()));
      }
    } catch (EventPacket.Malformed e) {
      ScriptLog.EVENTD.error("invalid packet on the event socket: {}", e.getMessage());
    } catch (IOException _) {
      // The client went away, or was cut off.
    } finally {
      close();
    }
  }

  /** False when the other side closed. */
  private boolean fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        return false;
      }
    }
    return true;
  }

  private void handle(EventPacket.Request request) {
    switch (request) {
      case EventPacket.Request.Run run ->
          runner.run(
              run.component(),
              run.event(),
              words(run.arguments()),
              run.timeoutSeconds(),
              result -> reply(EventPacket.reply(run, result.errno())));
      case EventPacket.Request.Status status -> reply(status(status));
      case EventPacket.Request.Script script -> reply(EventPacket.reply(script, apply(script)));
    }
  }

  /** Runs of spaces separate arguments; nothing is quoted. */
  private static List<String> words(String arguments) {
    return arguments.isBlank() ? List.of() : List.of(arguments.strip().split(" +"));
  }

  private ByteBuffer status(EventPacket.Request.Status request) {
    if (!runner.exists(request.component())) {
      return EventPacket.reply(request, EventErrno.ENOENT);
    }
    return runner
        .status(request.component(), request.event())
        .map(status -> EventPacket.reply(request, status))
        .orElseGet(() -> EventPacket.reply(request, EventErrno.EINVAL));
  }

  private int apply(EventPacket.Request.Script request) {
    return runner.exists(request.component())
        ? ScriptSwitch.set(
            runner.directory(request.component()), request.script(), request.enable())
        : EventErrno.ENOENT;
  }

  private void reply(ByteBuffer reply) {
    if (!replies.offer(reply)) {
      close();
    }
  }

  private void write() {
    try {
      while (channel.isOpen()) {
        ByteBuffer reply = replies.take();
        while (reply.hasRemaining()) {
          int _ = channel.write(reply);
        }
      }
    } catch (InterruptedException | IOException _) {
      // The reader has gone, or the client has.
    } finally {
      close();
    }
  }

  void close() {
    try {
      channel.close();
    } catch (IOException _) {
      // Nothing is left to be done with it.
    }
  }

  boolean isOpen() {
    return channel.isOpen();
  }
}
