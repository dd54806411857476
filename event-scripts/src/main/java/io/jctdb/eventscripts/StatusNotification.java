package io.jctdb.eventscripts;

import java.net.InetAddress;
import java.util.List;

/**
 * One SM_NOTIFY (RPC program 100024, version 1, procedure 6).
 *
 * @param client who is told
 * @param clientPort UDP port of its rpc.statd; 0 = ask its port mapper
 * @param source our address that the notification comes from: the one that has moved
 * @param sourcePort UDP port that it comes from; 0 = any
 * @param server the name under which the client knows us
 * @param state odd: we are up; even: we were down; larger than any that the client has seen
 */
record StatusNotification(
    InetAddress client,
    int clientPort,
    InetAddress source,
    int sourcePort,
    String server,
    int state) {

  /** Limit of the protocol for names (SM_MAXSTRLEN). */
  private static final int NAME_MAX = 1024;

  /**
   * @param line {@code CLIENT IP SERVER STATE}
   * @throws IllegalArgumentException naming the word that makes no sense
   */
  static StatusNotification parse(String line) {
    List<String> words = List.of(line.strip().split("\\s+"));
    if (words.size() != 4) {
      throw new IllegalArgumentException("should be CLIENT IP SERVER STATE: " + line);
    }
    return of(words.get(0), words.get(1), words.get(2), words.get(3), "0", "0");
  }

  static StatusNotification of(
      String client,
      String source,
      String server,
      String state,
      String clientPort,
      String sourcePort) {
    if (server.isEmpty() || server.length() > NAME_MAX) {
      throw new IllegalArgumentException("no name of a server: " + server);
    }
    InetAddress to = address(client);
    InetAddress from = address(source);
    if (to.getAddress().length != from.getAddress().length) {
      throw new IllegalArgumentException(client + " cannot be reached from " + source);
    }
    // The number on the wire has 32 bits; seconds since 1970 leave the signed range in 2038.
    int number = (int) number(state, 0xffff_ffffL);
    return new StatusNotification(
        to, (int) number(clientPort, 65535), from, (int) number(sourcePort, 65535), server, number);
  }

  /** The same for notifications that may share a socket and a look-up. */
  String way() {
    return client.getHostAddress() + " from " + source.getHostAddress();
  }

  private static InetAddress address(String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException _) {
      throw new IllegalArgumentException("no address: " + text);
    }
  }

  private static long number(String text, long max) {
    try {
      long value = Long.parseLong(text);
      if (value >= 0 && value <= max) {
        return value;
      }
    } catch (NumberFormatException _) {
      // Told below.
    }
    throw new IllegalArgumentException("should be a number up to " + max + ": " + text);
  }
}
