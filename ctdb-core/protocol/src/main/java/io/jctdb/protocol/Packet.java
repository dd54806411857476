package io.jctdb.protocol;

/**
 * One packet of the client protocol, decoded (client-protocol.md 2). Padding is gone; lengths are
 * those of the arrays. Arrays are shared, not copied: do not modify them.
 */
@SuppressWarnings("ArrayRecordComponent") // compared only in tests, and there byte for byte
public sealed interface Packet {
  PacketHeader header();

  Operation operation();

  /**
   * A record access (2.2).
   *
   * @param flags see {@link CallFlag}
   * @param callId see {@link CallId}
   */
  record RequestCall(
      PacketHeader header,
      int flags,
      int dbId,
      int callId,
      int hopCount,
      byte[] key,
      byte[] callData)
      implements Packet {
    @Override
    public Operation operation() {
      return Operation.REQ_CALL;
    }
  }

  /** The answer to a call (2.3); {@code status} is 0 in practice. */
  record ReplyCall(PacketHeader header, int status, byte[] data) implements Packet {
    @Override
    public Operation operation() {
      return Operation.REPLY_CALL;
    }
  }

  /** The refusal of a call (2.6); {@code message} includes its NUL, if it has one. */
  record ReplyError(PacketHeader header, int status, byte[] message) implements Packet {
    @Override
    public Operation operation() {
      return Operation.REPLY_ERROR;
    }
  }

  /** A datagram to everybody who registered {@code srvid} on the destination node(s) (2.7). */
  record RequestMessage(PacketHeader header, long srvid, byte[] data) implements Packet {
    @Override
    public Operation operation() {
      return Operation.REQ_MESSAGE;
    }
  }

  /**
   * A request to a daemon (2.8).
   *
   * @param opcode see {@link Control}
   * @param srvid argument of some controls
   * @param clientId set by daemons only; to be ignored from clients
   * @param flags see {@link ControlFlag}
   */
  record RequestControl(
      PacketHeader header, int opcode, long srvid, int clientId, int flags, byte[] data)
      implements Packet {
    @Override
    public Operation operation() {
      return Operation.REQ_CONTROL;
    }

    public Control control() {
      return Control.of(opcode);
    }

    public boolean noReply() {
      return (flags & ControlFlag.NOREPLY) != 0;
    }
  }

  /**
   * The answer to a control (2.8): data when {@code status} is 0, in a few cases error text when
   * not.
   */
  record ReplyControl(PacketHeader header, int status, byte[] data, String error)
      implements Packet {
    @Override
    public Operation operation() {
      return Operation.REPLY_CONTROL;
    }
  }

  /** A tunnel packet (2.9); {@code flags}: request 1, reply 2, no reply 0x10. */
  record RequestTunnel(PacketHeader header, long tunnelId, int flags, byte[] data)
      implements Packet {
    @Override
    public Operation operation() {
      return Operation.REQ_TUNNEL;
    }
  }

  /** Stock daemons only (2.4). */
  record RequestDmaster(
      PacketHeader header,
      int dbId,
      long rsn,
      int dmaster,
      byte[] key,
      byte[] data,
      int recordFlags)
      implements Packet {
    @Override
    public Operation operation() {
      return Operation.REQ_DMASTER;
    }
  }

  /** Stock daemons only (2.4). */
  record ReplyDmaster(
      PacketHeader header, int dbId, long rsn, byte[] key, byte[] data, int recordFlags)
      implements Packet {
    @Override
    public Operation operation() {
      return Operation.REPLY_DMASTER;
    }
  }

  /**
   * Stock daemons only (2.5).
   *
   * @param version {@code (major << 16) | minor}
   * @param uptime seconds
   */
  record Keepalive(PacketHeader header, int version, int uptime) implements Packet {
    @Override
    public Operation operation() {
      return Operation.REQ_KEEPALIVE;
    }
  }
}
