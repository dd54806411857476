package io.jctdb.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.daemon.control.ControlRequest;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.SiteOrder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An administrator moves a node to another site, and something is in the way. */
class SiteControlsTest {
  private final BlockingQueue<Runnable> owner = new LinkedBlockingQueue<>();
  private final List<String> answers = new ArrayList<>();
  private final List<String> starts = new ArrayList<>();
  private final ControlTable controls = new ControlTable();
  private volatile SiteControls.Writer disk = site -> true;

  @BeforeEach
  void table() {
    controls.add(
        new SiteControls(Path.of("ctdb.conf"), site -> disk.write(site), owner::add, starts::add));
  }

  @Test
  void whatIsWrittenIsSaidAndTheDaemonStartsAnewIfThatIsWanted() throws Exception {
    order(new SiteOrder("branch", true));
    writtenOrNot();
    assertThat(answers)
        .containsExactly("0 site = branch is written to ctdb.conf; the daemon starts anew");
    assertThat(starts).containsExactly("its site is branch from now on");
  }

  @Test
  void oneOrderAfterTheOther() throws Exception {
    order(new SiteOrder("branch", false));
    order(new SiteOrder("island", false));
    assertThat(answers).containsExactly("-1 another site is being set");
    writtenOrNot();
    order(new SiteOrder("island", false));
    writtenOrNot();
    assertThat(answers).hasSize(3);
    assertThat(answers.getLast()).startsWith("0 site = island");
  }

  @Test
  void aFileThatCannotBeWrittenIsNoObstacleForTheNextOrder() throws Exception {
    disk =
        site -> {
          throw new IOException("no space left");
        };
    order(new SiteOrder("branch", false));
    writtenOrNot();
    assertThat(answers).containsExactly("-1 no space left");
    theNextOrderIsCarriedOut();
  }

  @Test
  void norIsAFailureThatNobodyExpected() throws Exception {
    disk =
        site -> {
          throw new IllegalArgumentException("Nul character not allowed");
        };
    order(new SiteOrder("branch", true));
    writtenOrNot();
    assertThat(answers).hasSize(1);
    assertThat(answers.getFirst()).startsWith("-1 ").contains("Nul character");
    assertThat(starts).isEmpty();
    theNextOrderIsCarriedOut();
  }

  private void theNextOrderIsCarriedOut() throws InterruptedException {
    disk = site -> true;
    answers.clear();
    order(new SiteOrder("branch", false));
    writtenOrNot();
    assertThat(answers).hasSize(1);
    assertThat(answers.getFirst()).startsWith("0 site = branch");
  }

  private void order(SiteOrder order) {
    controls.execute(
        new ControlRequest(
            Control.SET_SITE.opcode(),
            0,
            0,
            order.encode(),
            null,
            (status, data, error) ->
                answers.add(status + " " + new String(data, StandardCharsets.UTF_8))));
  }

  /** The file is written elsewhere; what comes of it is told on the owner thread. */
  private void writtenOrNot() throws InterruptedException {
    Runnable told = owner.poll(10, TimeUnit.SECONDS);
    assertThat(told).as("the order is answered").isNotNull();
    told.run();
  }
}
