package io.jctdb.daemon.config;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The list of the cluster's nodes (cluster-and-failover 1.5, events-and-config 4.5): one address a
 * line, the running number of a line that is not blank is the pnn. A line that begins with {@code
 * #} is a deleted node: it keeps its number and has no address.
 *
 * @param file where the list was read
 * @param nodes all nodes, deleted ones too; the index is the pnn
 */
public record NodesFile(Path file, List<Node> nodes) {

  /** The port between nodes unless the services database or the configuration says otherwise. */
  public static final int DEFAULT_PORT = 4379;

  /** The same limit as ctdbd's protocol puts on a list of nodes, far above any real cluster. */
  private static final int NODES_MAX = 1024;

  /**
   * One line of the list.
   *
   * @param pnn physical node number
   * @param line line number in the file, from 1
   * @param address nothing for a deleted node
   */
  public record Node(int pnn, int line, Optional<InetAddress> address) {
    /** Whether the line is commented out: the number is taken, nobody has it. */
    public boolean deleted() {
      return address.isEmpty();
    }
  }

  /** Binds an address for good; called while the lock between daemons of one host is held. */
  @FunctionalInterface
  public interface Binder {
    /** Whether the address is ours now. Throws only when looking further makes no sense. */
    boolean bind(InetSocketAddress address) throws IOException;
  }

  public NodesFile {
    nodes = List.copyOf(nodes);
  }

  /**
   * Reads a nodes file.
   *
   * @throws ConfigException when it is missing, has no node, or with every line that is no address
   */
  public static NodesFile read(Path file) throws ConfigException {
    List<String> lines =
        ConfigFile.readLines(file)
            .orElseThrow(
                () ->
                    new ConfigException(
                        ConfigProblem.ofFile(
                            file,
                            "does not exist",
                            "write the private address of every node, one a line, the same file"
                                + " on all nodes")));
    return parse(file, lines);
  }

  static NodesFile parse(Path file, List<String> lines) throws ConfigException {
    List<Node> nodes = new ArrayList<>();
    List<ConfigProblem> errors = new ArrayList<>();
    Map<InetAddress, Integer> lineOf = new HashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      int line = i + 1;
      String text = lines.get(i).strip();
      if (text.isEmpty()) {
        continue;
      }
      Optional<InetAddress> address = Optional.empty();
      if (!text.startsWith("#")) {
        address = AddressLiteral.parse(text);
        if (address.isEmpty()) {
          errors.add(badLine(file, line, text));
        }
        address
            .map(a -> lineOf.putIfAbsent(a, line))
            .ifPresent(earlier -> errors.add(twice(file, line, text, earlier)));
      }
      nodes.add(new Node(nodes.size(), line, address));
    }
    if (nodes.stream().allMatch(Node::deleted) && errors.isEmpty()) {
      errors.add(
          ConfigProblem.ofFile(
              file, "names no node", "write the private address of every node, one a line"));
    }
    if (nodes.size() > NODES_MAX) {
      errors.add(
          ConfigProblem.ofFile(
              file, "has more than " + NODES_MAX + " lines", "check that this is the right file"));
    }
    if (!errors.isEmpty()) {
      throw new ConfigException(errors);
    }
    return new NodesFile(file, nodes);
  }

  private static ConfigProblem badLine(Path file, int line, String text) {
    return ConfigProblem.ofLine(
        file,
        line,
        text,
        "must be one IPv4 or IPv6 address and nothing else",
        "no host name, port or comment after it; a line with # in front stands for a deleted"
            + " node and keeps its number");
  }

  private static ConfigProblem twice(Path file, int line, String text, int earlier) {
    return ConfigProblem.ofLine(
        file,
        line,
        text,
        "is the address of line " + earlier + " again",
        "give every node its own address, or put # in front of a node that is gone");
  }

  /** The port for all nodes: the service {@code ctdb/tcp} of a services file, else 4379. */
  public static int port(Path services) {
    try {
      for (String line : ConfigFile.readLines(services).orElse(List.of())) {
        String[] words = line.replaceFirst("#.*", "").strip().split("\\s+");
        if (words.length >= 2 && words[0].equals("ctdb") && words[1].endsWith("/tcp")) {
          long port =
              ConfNumber.parse(words[1].substring(0, words[1].length() - 4), 65535).orElse(0);
          return port == 0 ? DEFAULT_PORT : (int) port;
        }
      }
    } catch (ConfigException _) {
      // An unreadable services database means what it means to getservbyname: not found.
    }
    return DEFAULT_PORT;
  }

  /** The node with this address. */
  public Optional<Node> find(InetAddress address) {
    return nodes.stream().filter(n -> n.address().filter(address::equals).isPresent()).findFirst();
  }

  /**
   * Finds out which node this is: the configured address, or the first one of the list that can be
   * bound. The lock keeps two daemons that start on one host from trying the same address at the
   * same time; whoever binds inside {@code binder} keeps the address.
   *
   * @param configured {@code [cluster] node address}
   * @param port TCP port of the link between nodes
   * @param lockFile {@link Paths#addressLock()}, created when missing
   * @param binder really binds the listener
   * @throws ConfigException when no address of the list is this host's, or all are in use
   */
  public Node claim(Optional<InetAddress> configured, int port, Path lockFile, Binder binder)
      throws ConfigException, IOException {
    List<Node> candidates = configured.isPresent() ? List.of(configured(configured.get())) : nodes;
    Path parent = lockFile.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      for (Node node : candidates) {
        if (node.address().isPresent()
            && binder.bind(new InetSocketAddress(node.address().get(), port))) {
          return node;
        }
      }
    }
    throw new ConfigException(notOurs(configured, port));
  }

  private Node configured(InetAddress address) throws ConfigException {
    return find(address)
        .orElseThrow(
            () ->
                new ConfigException(
                    ConfigProblem.ofFile(
                        file,
                        "has no line " + address.getHostAddress() + ", this node's address",
                        "add the address, or correct [cluster] node address in ctdb.conf")));
  }

  private ConfigProblem notOurs(Optional<InetAddress> configured, int port) {
    return ConfigProblem.ofFile(
        file,
        configured
            .map(a -> "address " + a.getHostAddress() + " cannot be bound at port " + port)
            .orElse("none of its addresses can be bound on this host at port " + port),
        "check that the private network is up, that the file lists this host, and that no other"
            + " daemon runs (ss -ltnp 'sport = :"
            + port
            + "')");
  }

  /**
   * SHA-256, in hexadecimal, of the list in its canonical form, one line a node: the address, or
   * {@code #}. Equal on two nodes exactly when both read the same cluster.
   */
  public String fingerprint() {
    String canonical =
        nodes.stream()
            .map(n -> n.address().map(InetAddress::getHostAddress).orElse("#"))
            .collect(Collectors.joining("\n"));
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(canonical.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
