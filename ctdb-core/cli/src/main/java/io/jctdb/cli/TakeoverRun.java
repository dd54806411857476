package io.jctdb.cli;

import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import java.util.ArrayList;
import java.util.List;

/** Questions by message that the leader, or every node, answers (cli.md 11.2, 7.3, 4.8). */
final class TakeoverRun {
  private final Tool tool;
  private final DaemonClient client;

  TakeoverRun(Tool tool) {
    this.tool = tool;
    this.client = tool.client();
  }

  /**
   * Has the public addresses distributed anew, and waits until that is done. Asks again whenever
   * the time limit passes, since there may be no leader at the moment.
   */
  int run() {
    long answers = client.newReplyAddress();
    client.register(answers);
    byte[] answer = null;
    while (answer == null) {
      byte[] question = new SrvidMessage(client.pnn(), answers).encode();
      client.message(SpecialPnn.BROADCAST_CONNECTED, Srvid.TAKEOVER_RUN, question);
      answer = client.awaitMessage(answers, client.timeLimitMillis());
    }
    client.deregister(answers);
    int result = Payload.u32(answer);
    return result < 0 ? result : 0;
  }

  /**
   * Disables something on all these nodes for {@code seconds}, 0 allows it again.
   *
   * @return whether everybody agreed; a missing answer is no refusal (as in the stock tool)
   */
  boolean disable(long what, List<Integer> nodes, int seconds) {
    long answers = client.newReplyAddress();
    client.register(answers);
    byte[] question = new DisableMessage(client.pnn(), answers, seconds).encode();
    for (int node : nodes) {
      client.message(node, what, question);
    }
    boolean agreed = awaitAnswers(answers, nodes);
    client.deregister(answers);
    return agreed;
  }

  private boolean awaitAnswers(long answers, List<Integer> nodes) {
    List<Integer> missing = new ArrayList<>(nodes);
    long end = tool.host().nanoTime() + client.timeLimitMillis() * 1_000_000;
    while (!missing.isEmpty()) {
      long left = Math.max(0, (end - tool.host().nanoTime()) / 1_000_000);
      byte[] answer = client.awaitMessage(answers, left);
      if (answer == null) {
        return true;
      }
      int node = Payload.u32(answer);
      if (node < 0) {
        return false;
      }
      missing.remove(Integer.valueOf(node));
    }
    return true;
  }
}
