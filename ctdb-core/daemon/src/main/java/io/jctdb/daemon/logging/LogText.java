package io.jctdb.daemon.logging;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import org.slf4j.LoggerFactory;

/**
 * What the log says of an event (but for {@code syslog:udp}, which has the message alone). A
 * library is named, and what it threw is told in the same line: an ordinary failure of another node
 * lets ZooKeeper print a page of stack traces, in which nobody finds anything at night. Whoever
 * asks for INFO gets them.
 */
final class LogText {
  private static final String OURS = "io.jctdb";
  private static final String ZOOKEEPER = "org.apache.zookeeper";

  private LogText() {}

  /** One line, with what was thrown in short: for a log that has room for no more. */
  static String inShort(ILoggingEvent event) {
    IThrowableProxy thrown = event.getThrowableProxy();
    String line = message(event) + (thrown == null ? "" : ": " + words(thrown));
    return line.replace('\n', ' ');
  }

  /** The line and, below it, the stack trace if it is ours or wanted; ends with a line break. */
  static String inFull(ILoggingEvent event) {
    IThrowableProxy thrown = event.getThrowableProxy();
    if (thrown == null) {
      return message(event) + "\n";
    }
    return isOurs(event) || wantsDetails()
        ? message(event) + "\n" + ThrowableProxyUtil.asString(thrown)
        : inShort(event) + "\n";
  }

  private static String message(ILoggingEvent event) {
    String logger = event.getLoggerName();
    String part = logger.substring(logger.lastIndexOf('.') + 1);
    if (isOurs(event)) {
      return event.getFormattedMessage();
    }
    return (logger.startsWith(ZOOKEEPER) ? "ZooKeeper's " : "")
        + part
        + ": "
        + event.getFormattedMessage();
  }

  private static String words(IThrowableProxy thrown) {
    String name = thrown.getClassName().substring(thrown.getClassName().lastIndexOf('.') + 1);
    return thrown.getMessage() == null ? name : name + ": " + thrown.getMessage();
  }

  private static boolean isOurs(ILoggingEvent event) {
    return event.getLoggerName().startsWith(OURS);
  }

  private static boolean wantsDetails() {
    return ((Logger) LoggerFactory.getLogger(OURS)).isDebugEnabled();
  }
}
