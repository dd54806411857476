package io.jctdb.daemon;

import io.jctdb.daemon.config.ConfigException;
import io.jctdb.daemon.config.NodesFile;
import io.jctdb.daemon.config.Paths;
import io.jctdb.daemon.config.SiteEditor;
import io.jctdb.daemon.control.ControlReply;
import io.jctdb.daemon.control.ControlRequest;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.SiteOrder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves this node to another site, for {@code ctdb setsite}: in its configuration file, which is
 * where the site comes from, and if asked for by starting the daemon anew. A daemon never changes
 * its site while it runs: whether it votes, and for how long it may act alone, is what others count
 * on.
 *
 * <p>The file is written outside the owner thread, one order after the other.
 */
final class SiteControls implements ControlTable.Group {
  private static final Logger log = LoggerFactory.getLogger("ctdbd");

  /** Writes the name of the site into the configuration file. */
  interface Writer {
    /** See {@link SiteEditor#set}. */
    boolean write(String site) throws ConfigException, IOException;
  }

  private final Path file;
  private final Writer writer;
  private final Executor owner;
  private final Consumer<String> startAnew;
  private boolean writing;

  SiteControls(NodePlan plan, Paths paths, Executor owner, Consumer<String> startAnew) {
    this(paths.conf(), site -> edit(plan, paths, site), owner, startAnew);
  }

  /**
   * @param file that the writer writes
   * @param owner runs things on the owner thread
   * @param startAnew ends this daemon in good order, to be started again by its launcher
   */
  SiteControls(Path file, Writer writer, Executor owner, Consumer<String> startAnew) {
    this.file = file;
    this.writer = writer;
    this.owner = owner;
    this.startAnew = startAnew;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.SET_SITE, this::set);
  }

  private void set(ControlRequest request) {
    SiteOrder order = SiteOrder.decode(request.data());
    if (writing) {
      refuse(request.reply(), "another site is being set");
      return;
    }
    writing = true;
    Thread.ofVirtual()
        .name("setsite")
        .start(
            () -> {
              Runnable answer = write(order, request.reply());
              owner.execute(
                  () -> {
                    writing = false;
                    answer.run();
                  });
            });
  }

  /** Whatever comes of it, there is an answer, and the next order has its turn. */
  private Runnable write(SiteOrder order, ControlReply reply) {
    try {
      boolean changed = writer.write(order.site());
      return () -> done(order, changed, reply);
    } catch (ConfigException | StartException | IOException e) {
      return () -> refuse(reply, String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      log.error("setsite: nobody expected this", e);
      return () -> refuse(reply, "internal error: " + e);
    }
  }

  private static boolean edit(NodePlan plan, Paths paths, String site)
      throws ConfigException, IOException {
    return new SiteEditor(paths)
        .set(
            site,
            conf ->
                NodePlan.checkSite(
                    paths, conf, NodesFile.read(NodeSettings.nodesPath(conf, paths)), plan.self()));
  }

  private void done(SiteOrder order, boolean changed, ControlReply reply) {
    String text =
        (changed ? "site = " + order.site() + " is written to " : "nothing to change in ")
            + file
            + (order.restart()
                ? "; the daemon starts anew"
                : "; it takes effect when the daemon starts again");
    log.info("setsite: {}", text);
    reply.ok(text.getBytes(StandardCharsets.UTF_8));
    if (order.restart()) {
      startAnew.accept("its site is " + order.site() + " from now on");
    }
  }

  private static void refuse(ControlReply reply, String why) {
    log.warn("setsite: {}", why);
    reply.send(-1, why.getBytes(StandardCharsets.UTF_8), why);
  }
}
