package io.jctdb.daemon.control;

import io.jctdb.protocol.Control;
import java.util.EnumSet;
import java.util.Set;

/**
 * Controls by which tools ask how a node is: they change nothing there. Not {@code PING}: who sends
 * that wants to wait for the answer.
 */
public final class Questions {
  private static final Set<Control> ALL =
      EnumSet.of(
          Control.GET_IFACES,
          Control.GET_PUBLIC_IPS,
          Control.GET_PUBLIC_IP_INFO,
          Control.GET_NODEMAP,
          Control.GETVNNMAP,
          Control.GET_RECMODE,
          Control.GET_RUNSTATE,
          Control.GET_CAPABILITIES,
          Control.GET_BAN_STATE,
          Control.UPTIME,
          Control.STATISTICS,
          Control.ADDRESS_STORY,
          Control.LINK_REPORT,
          Control.NODE_STORY);

  private Questions() {}

  /** Whether this is one. */
  public static boolean include(int opcode) {
    return ALL.contains(Control.of(opcode));
  }
}
