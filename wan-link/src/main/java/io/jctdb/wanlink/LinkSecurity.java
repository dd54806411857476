package io.jctdb.wanlink;

import java.nio.file.Path;

/** How the traffic between nodes is protected. */
public sealed interface LinkSecurity {

  /** Plain TCP: whoever reaches the port from a node's address is that node. */
  record Plain() implements LinkSecurity {}

  /**
   * TLS 1.3 in which both sides show a certificate that chains to {@code caCertificates} and
   * carries the node's address of the nodes file as a subject alternative name of type IP.
   *
   * @param caCertificates PEM file with one or more trusted certificates
   * @param certificateChain PEM file, this node's certificate first
   * @param privateKey PEM file, PKCS#8 ("BEGIN PRIVATE KEY"), not encrypted
   */
  record Tls(Path caCertificates, Path certificateChain, Path privateKey) implements LinkSecurity {}
}
