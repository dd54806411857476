package io.jctdb.wanlink;

import io.netty.handler.codec.DecoderException;

/** Why a connection broke, in words. */
final class Failure {
  private Failure() {}

  static String text(Throwable cause) {
    Throwable shown =
        cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
    return switch (shown) {
      case LinkException e -> String.valueOf(e.getMessage());
      case javax.net.ssl.SSLException e -> "TLS: " + e.getMessage();
      default -> shown.getMessage() == null ? shown.toString() : shown.getMessage();
    };
  }
}
