package io.jctdb.eventscripts;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Sends notifications to one client over UDP, in ONC RPC (RFC 5531). Nobody waits for their
 * answers: a client that was not reached claims its locks when it sees the server's state change
 * otherwise.
 *
 * <p>A call is: transaction id, 0 (call), 2 (RPC version), program, version, procedure, then twice
 * "no credentials" as 0, 0, then the arguments; every number has 32 bits, big-endian.
 */
final class StatusChannel {
  private static final int PORT_MAPPER = 100_000;
  private static final int PORT_MAPPER_PORT = 111;
  private static final int STATUS = 100_024;
  private static final int SM_NOTIFY = 6;
  private static final int UDP = 17;
  private static final int TRIES = 3;
  private static final int TRY_MILLIS = 1000;

  private StatusChannel() {}

  /**
   * @param notifications all of the same client and source
   * @throws IOException when the source cannot be bound, or the client's port is not to be had
   */
  static void send(List<StatusNotification> notifications) throws IOException {
    StatusNotification first = notifications.getFirst();
    try (DatagramSocket socket =
        new DatagramSocket(new InetSocketAddress(first.source(), first.sourcePort()))) {
      int port = first.clientPort() != 0 ? first.clientPort() : askForPort(socket, first);
      for (StatusNotification notification : notifications) {
        byte[] call = notify(notification, ThreadLocalRandom.current().nextInt());
        socket.send(new DatagramPacket(call, call.length, notification.client(), port));
      }
    }
  }

  private static int askForPort(DatagramSocket socket, StatusNotification to) throws IOException {
    int id = ThreadLocalRandom.current().nextInt();
    boolean ipv4 = to.client() instanceof Inet4Address;
    byte[] call = ipv4 ? getPort(id) : getAddress(id);
    byte[] buffer = new byte[1500];
    for (int attempt = 0; attempt < TRIES; attempt++) {
      socket.send(new DatagramPacket(call, call.length, to.client(), PORT_MAPPER_PORT));
      long deadline = System.nanoTime() + TRY_MILLIS * 1_000_000L;
      for (long left = TRY_MILLIS; left > 0; left = (deadline - System.nanoTime()) / 1_000_000) {
        socket.setSoTimeout((int) left);
        DatagramPacket answer = new DatagramPacket(buffer, buffer.length);
        try {
          socket.receive(answer);
        } catch (SocketTimeoutException _) {
          break;
        }
        ByteBuffer body = ByteBuffer.wrap(buffer, 0, answer.getLength());
        if (answer.getAddress().equals(to.client()) && accepted(body, id)) {
          return port(body, ipv4);
        }
      }
    }
    throw new IOException("its port mapper does not answer");
  }

  /** Whether it is a successful answer to the call with that id; positioned behind its head. */
  static boolean accepted(ByteBuffer body, int id) {
    // id, 1 (reply), 0 (accepted), verifier (kind, length, bytes), 0 (success)
    if (body.remaining() < 24 || body.getInt() != id || body.getInt() != 1 || body.getInt() != 0) {
      return false;
    }
    body.getInt();
    int verifier = body.getInt();
    if (verifier < 0 || verifier > body.remaining() - 4) {
      return false;
    }
    body.position(body.position() + verifier);
    return body.getInt() == 0;
  }

  static int port(ByteBuffer body, boolean ipv4) throws IOException {
    int port = 0;
    if (body.remaining() >= 4) {
      port = ipv4 ? body.getInt() : universalPort(body);
    }
    if (port <= 0 || port > 65535) {
      throw new IOException("it has no rpc.statd");
    }
    return port;
  }

  /** The port in a "universal address" (RFC 5665): the last two of its numbers. */
  private static int universalPort(ByteBuffer body) {
    int length = body.getInt();
    if (length <= 0 || length > body.remaining()) {
      return 0;
    }
    byte[] text = new byte[length];
    body.get(text);
    String[] words = new String(text, UTF_8).split("\\.", -1);
    try {
      return words.length < 3
          ? 0
          : Integer.parseInt(words[words.length - 2]) * 256
              + Integer.parseInt(words[words.length - 1]);
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  private static byte[] getPort(int id) {
    return call(id, PORT_MAPPER, 2, 3, out -> numbers(out, STATUS, 1, UDP, 0)); // PMAPPROC_GETPORT
  }

  private static byte[] getAddress(int id) {
    return call(
        id,
        PORT_MAPPER,
        4,
        3, // RPCBPROC_GETADDR
        out -> {
          numbers(out, STATUS, 1);
          string(out, "udp6");
          string(out, "");
          string(out, "");
        });
  }

  static byte[] notify(StatusNotification notification, int id) {
    return call(
        id,
        STATUS,
        1,
        SM_NOTIFY,
        out -> {
          string(out, notification.server());
          out.writeInt(notification.state());
        });
  }

  /** Writes the arguments of a call. */
  private interface Arguments {
    void write(DataOutputStream out) throws IOException;
  }

  private static byte[] call(int id, int program, int version, int procedure, Arguments arguments) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      DataOutputStream out = new DataOutputStream(bytes);
      numbers(out, id, 0, 2, program, version, procedure, 0, 0, 0, 0);
      arguments.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void numbers(DataOutputStream out, int... values) throws IOException {
    for (int value : values) {
      out.writeInt(value);
    }
  }

  /** Length, bytes, and zeros up to a multiple of four. */
  private static void string(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
    out.write(new byte[-bytes.length & 3]);
  }
}
