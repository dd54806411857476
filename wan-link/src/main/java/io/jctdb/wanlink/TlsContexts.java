package io.jctdb.wanlink;

import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * TLS for both sides of a connection. That the certificate chains to the authority is checked by
 * the handshake; that it belongs to <em>that</em> node by {@link #problemWithPeer}.
 */
final class TlsContexts {
  private static final String PROTOCOL = "TLSv1.3";
  private static final int SAN_TYPE_IP = 7;

  private static final long IDLE_THREAD_S = 10;

  private final SslContext server;
  private final SslContext client;

  /**
   * What a handshake delegates: certificates, signatures, the accepting side's keys. The loop is
   * what clients' records wait for, and a daemon that has just started, whose code is not compiled
   * yet, computes 0.1 s and more on it; any stranger may ask for it, with nothing but a greeting.
   * The connecting side's first message, with its keys, is still made on the loop.
   */
  private final Executor handshakes;

  TlsContexts(LinkSecurity.Tls files) {
    this(files, oneThread());
  }

  /**
   * @param handshakes does what is to be computed for a connection before it can be used
   */
  TlsContexts(LinkSecurity.Tls files, Executor handshakes) {
    this.handshakes = handshakes;
    try {
      server =
          SslContextBuilder.forServer(
                  files.certificateChain().toFile(), files.privateKey().toFile())
              .sslProvider(SslProvider.JDK)
              .trustManager(files.caCertificates().toFile())
              .clientAuth(ClientAuth.REQUIRE)
              .protocols(PROTOCOL)
              .build();
      client =
          SslContextBuilder.forClient()
              .keyManager(files.certificateChain().toFile(), files.privateKey().toFile())
              .sslProvider(SslProvider.JDK)
              .trustManager(files.caCertificates().toFile())
              .endpointIdentificationAlgorithm(null) // problemWithPeer does it for both sides
              .protocols(PROTOCOL)
              .build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new LinkException(
          "cannot use the certificate files for traffic between nodes (authority "
              + files.caCertificates()
              + ", certificate "
              + files.certificateChain()
              + ", key "
              + files.privateKey()
              + "; PEM files, the key as unencrypted PKCS#8): "
              + rootMessage(e),
          e);
    }
  }

  /** One that ends when it has had nothing to do for a while: links seldom come up. */
  private static Executor oneThread() {
    ThreadPoolExecutor executor =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_THREAD_S,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            new DefaultThreadFactory("handshakes", true));
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  SslHandler acceptingHandler(Channel channel) {
    return server.newHandler(channel.alloc(), handshakes);
  }

  SslHandler connectingHandler(Channel channel) {
    return client.newHandler(channel.alloc(), handshakes);
  }

  /** Null if the certificate shown on this connection is one for {@code address}. */
  static @Nullable String problemWithPeer(Channel channel, InetAddress address) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      return null;
    }
    try {
      X509Certificate certificate =
          (X509Certificate) tls.engine().getSession().getPeerCertificates()[0];
      List<String> addresses = certifiedAddresses(certificate);
      for (String certified : addresses) {
        if (InetAddress.ofLiteral(certified).equals(address)) {
          return null;
        }
      }
      return "the certificate "
          + certificate.getSubjectX500Principal()
          + " is for the addresses "
          + addresses
          + ", not for "
          + address.getHostAddress();
    } catch (SSLPeerUnverifiedException | CertificateParsingException e) {
      return "no usable certificate: " + e.getMessage();
    }
  }

  private static List<String> certifiedAddresses(X509Certificate certificate)
      throws CertificateParsingException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    List<String> addresses = new ArrayList<>();
    if (names != null) {
      for (List<?> name : names) {
        if (Integer.valueOf(SAN_TYPE_IP).equals(name.get(0))) {
          addresses.add((String) name.get(1));
        }
      }
    }
    return addresses;
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage() == null ? root : root.getMessage());
  }
}
