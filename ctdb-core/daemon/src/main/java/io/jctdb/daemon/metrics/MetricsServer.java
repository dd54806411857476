package io.jctdb.daemon.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves three pages over HTTP, read only, to whoever reaches the address (docs/operations.md):
 *
 * <pre>
 * /metrics   for Prometheus
 * /health    200 when this node serves as it should, otherwise 503: for load balancers and probes
 * /          the same in plain text, for people
 * </pre>
 *
 * <p>A status is asked of the owner thread for each request; when that does not answer in time the
 * answer is 503, which is what a watcher should know. A client that does not send or read costs a
 * virtual thread for a few seconds, and there is a limit to their number.
 */
public final class MetricsServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MetricsServer.class);
  private static final int PATIENCE_SECONDS = 2;
  private static final int BACKLOG = 16;

  static {
    // Limits that the JDK's server takes from nowhere else: seconds, seconds, connections.
    System.setProperty("sun.net.httpserver.maxReqTime", "5");
    System.setProperty("sun.net.httpserver.maxRspTime", "5");
    System.setProperty("jdk.httpserver.maxConnections", "64");
  }

  private final HttpServer server;
  private final ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor();
  private final ReentrantLock scraping = new ReentrantLock();
  private final Supplier<CompletableFuture<NodeStatus>> source;
  private final NodeMeters meters;

  /**
   * @param source asks the owner thread
   * @throws IOException the address cannot be listened on
   */
  public static MetricsServer start(
      InetSocketAddress address, NodeStatus first, Supplier<CompletableFuture<NodeStatus>> source)
      throws IOException {
    MetricsServer metrics = new MetricsServer(HttpServer.create(address, BACKLOG), first, source);
    metrics.server.start();
    log.info("metrics and status page on {}", address);
    return metrics;
  }

  private MetricsServer(
      HttpServer server, NodeStatus first, Supplier<CompletableFuture<NodeStatus>> source) {
    this.server = server;
    this.source = source;
    this.meters = new NodeMeters(first);
    server.setExecutor(requests);
    server.createContext("/", this::handle);
  }

  /** The address served, with the port that a port of 0 became. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer =
          exchange.getRequestMethod().equals("GET")
              ? page(exchange.getRequestURI().getPath())
              : new Answer(405, "only GET is possible here\n");
      byte[] body = answer.text.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      exchange.sendResponseHeaders(answer.code, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private Answer page(String path) {
    try {
      return switch (path) {
        case "/metrics" -> new Answer(200, scrape(status()));
        case "/health" -> {
          NodeStatus status = status();
          yield new Answer(status.healthy() ? 200 : 503, status.verdict() + "\n");
        }
        case "/" -> new Answer(200, StatusPage.of(status()));
        default -> new Answer(404, "there are /metrics, /health and /\n");
      };
    } catch (TimeoutException | ExecutionException e) {
      return new Answer(503, "the daemon does not answer its own question in time\n");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer(503, "the daemon is ending\n");
    }
  }

  private record Answer(int code, String text) {}

  private String scrape(NodeStatus status) {
    scraping.lock();
    try {
      return meters.scrape(status);
    } finally {
      scraping.unlock();
    }
  }

  private NodeStatus status() throws InterruptedException, ExecutionException, TimeoutException {
    return source.get().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    server.stop(0);
    requests.shutdownNow();
    meters.close();
  }
}
