package io.jctdb.daemon.control;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.MalformedPacketException;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which handler executes which control. A control without a handler, known or not, answers −1
 * without data, as ctdbd does for opcodes it does not (or no longer) know; never silence.
 */
public final class ControlTable {
  private static final Logger log = LoggerFactory.getLogger(ControlTable.class);

  private final Map<Integer, ControlHandler> handlers = new HashMap<>();

  /** A group of handlers enters itself. */
  public interface Group {
    void enter(ControlTable table);
  }

  public void add(Group group) {
    group.enter(this);
  }

  public void on(Control control, ControlHandler handler) {
    if (handlers.putIfAbsent(control.opcode(), handler) != null) {
      throw new IllegalStateException(control + " has two handlers");
    }
  }

  public void execute(ControlRequest request) {
    ControlHandler handler = handlers.get(request.opcode());
    if (handler == null) {
      log.info("control {} is not supported: answered -1", name(request));
      request.reply().fail();
      return;
    }
    try {
      handler.handle(request);
    } catch (MalformedPacketException e) {
      log.warn("control {}: {}: answered -1", name(request), e.getMessage());
      request.reply().fail();
    } catch (RuntimeException e) {
      log.error("control {} failed", name(request), e);
      request.reply().fail();
    }
  }

  private static String name(ControlRequest request) {
    return Control.of(request.opcode()) + " (" + request.opcode() + ")";
  }
}
