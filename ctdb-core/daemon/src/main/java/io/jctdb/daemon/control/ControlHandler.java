package io.jctdb.daemon.control;

/**
 * Executes one kind of control. Runs on the owner thread and must not wait; the reply may be sent
 * later. Malformed data may be left to throw {@code MalformedPacketException}: the table turns that
 * into −1.
 */
@FunctionalInterface
public interface ControlHandler {
  void handle(ControlRequest request);
}
