package io.jctdb.daemon.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.net.SyslogAppender;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.Layout;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import io.jctdb.daemon.config.LogLevel;
import io.jctdb.daemon.config.LogLocation;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.slf4j.LoggerFactory;

/**
 * Sets up logging as {@code [logging]} of ctdb.conf says (events-and-config.md 4.11).
 *
 * <p>ctdbd's levels and ours, each with what the next adds: ERROR = error, WARNING = warn, NOTICE =
 * info, INFO = debug, DEBUG = trace.
 */
public final class DaemonLog {
  private static final String PROGRAM = "ctdbd";
  private static final String ROOT = org.slf4j.Logger.ROOT_LOGGER_NAME;

  private DaemonLog() {}

  /** Replaces whatever logging was set up before. */
  public static void start(LogLocation location, LogLevel level) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    Appender<ILoggingEvent> appender =
        switch (location) {
          case LogLocation.ToFile file -> file(context, file.path().toString());
          case LogLocation.ToStderr stderr -> stderr(context);
          case LogLocation.ToSyslog syslog -> syslog(context, syslog.kind());
        };
    appender.setContext(context);
    appender.start();
    context.getLogger(ROOT).addAppender(appender);
    setLevel(level);
  }

  public static void setLevel(LogLevel level) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context
        .getLogger("io.jctdb")
        .setLevel(
            switch (level) {
              case ERROR -> Level.ERROR;
              case WARNING -> Level.WARN;
              case NOTICE -> Level.INFO;
              case INFO -> Level.DEBUG;
              case DEBUG -> Level.TRACE;
            });
    // What libraries tell at info is not what an administrator means by NOTICE. ZooKeeper's
    // elections are told there, which somebody who asks for everything wants to see.
    Level libraries = level == LogLevel.ERROR ? Level.ERROR : Level.WARN;
    context.getLogger(ROOT).setLevel(libraries);
    context
        .getLogger("org.apache.zookeeper")
        .setLevel(level == LogLevel.DEBUG ? Level.INFO : libraries);
  }

  private static Appender<ILoggingEvent> file(LoggerContext context, String path) {
    FileAppender<ILoggingEvent> appender = new FileAppender<>();
    appender.setFile(path);
    appender.setEncoder(
        encoder(
            context,
            new LogLayout(hostName() + " " + PROGRAM + "[" + ProcessHandle.current().pid() + "]")));
    return appender;
  }

  private static Appender<ILoggingEvent> stderr(LoggerContext context) {
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setTarget("System.err");
    appender.setEncoder(
        encoder(
            context,
            new LayoutBase<>() {
              @Override
              public String doLayout(ILoggingEvent event) {
                return LogText.inFull(event);
              }
            }));
    return appender;
  }

  private static Appender<ILoggingEvent> syslog(
      LoggerContext context, LogLocation.SyslogKind kind) {
    return switch (kind) {
      case LIBRARY, NONBLOCKING -> new DevLogAppender(PROGRAM, kind);
      case UDP, UDP_RFC5424 -> {
        SyslogAppender appender = new SyslogAppender();
        appender.setContext(context);
        appender.setSyslogHost("127.0.0.1");
        appender.setFacility("DAEMON");
        appender.setSuffixPattern(PROGRAM + "[" + ProcessHandle.current().pid() + "]: %msg");
        yield appender;
      }
    };
  }

  private static Encoder<ILoggingEvent> encoder(
      LoggerContext context, Layout<ILoggingEvent> layout) {
    layout.setContext(context);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setLayout(layout);
    encoder.start();
    return encoder;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }
}
