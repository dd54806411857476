package io.jctdb.cli;

import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.SockAddr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * {@code ctdb ip explain ADDRESS}: where a public address is, which nodes could host it and why the
 * others cannot, and what happened to it. Every connected node tells its part.
 */
final class AddressExplanation {
  private final Tool tool;
  private final Json json = new Json();

  private record Line(int node, AddressStory.Event event) {}

  AddressExplanation(Tool tool) {
    this.tool = tool;
  }

  int print(SockAddr address) {
    List<Line> lines = new ArrayList<>();
    boolean known = false;
    json.open("{").string("address", address.host()).key("nodes").open("[");
    if (tool.json()) {
      // All of it is told at the end.
    } else if (tool.machine()) {
      tool.row("Time", "Node", "By", "What");
    } else {
      tool.out().line("Public IP " + address.host());
    }
    List<Integer> nodes = tool.cluster().connectedNodes();
    for (DaemonClient.Reply reply :
        tool.client().askAll(nodes, Control.ADDRESS_STORY, address.encode())) {
      known |= tell(reply, lines);
    }
    if (!known) {
      throw tool.fail(1, "No node has a public address " + address.host());
    }
    lines.sort(Comparator.comparingLong(line -> line.event.epochMillis()));
    json.close("]").key("events").open("[");
    lines.forEach(this::print);
    if (tool.json()) {
      tool.out().text(json.close("]").close("}").toString());
    }
    return 0;
  }

  /** Whether the node knows the address. */
  private boolean tell(DaemonClient.Reply reply, List<Line> lines) {
    String node = "node " + reply.node();
    AddressStory story;
    try {
      story = reply.failed() ? null : AddressStory.decode(reply.data());
    } catch (MalformedPacketException e) {
      story = null;
    }
    if (story == null) {
      say(node + ": does not tell" + (reply.timedOut() ? " in time" : ""));
      json.separate().open("{").number("pnn", reply.node()).truth("answers", false).close("}");
      return false;
    }
    String verdict = story.obstacle().isEmpty() ? "could host it" : "cannot: " + story.obstacle();
    String has = story.obstacle().isEmpty() ? "has it" : "has it still, and must not: ";
    say(
        node
            + (story.leader() ? " (leader): " : ": ")
            + (story.here() ? has + story.obstacle() : verdict));
    json.separate()
        .open("{")
        .number("pnn", reply.node())
        .truth("answers", true)
        .truth("leader", story.leader())
        .truth("has_it", story.here())
        .truth("could_host_it", story.obstacle().isEmpty())
        .string("obstacle", story.obstacle())
        .close("}");
    story.events().forEach(event -> lines.add(new Line(reply.node(), event)));
    return story.known();
  }

  private void say(String text) {
    if (!tool.machine() && !tool.json()) {
      tool.out().line(text);
    }
  }

  private void print(Line line) {
    AddressStory.Event event = line.event;
    String time = Times.slashed(event.epochMillis() / 1_000);
    String by = event.byLeader() ? "leader" : "node";
    if (tool.json()) {
      json.separate()
          .open("{")
          .number("epoch_ms", event.epochMillis())
          .number("pnn", line.node)
          .truth("by_leader", event.byLeader())
          .string("what", event.text())
          .close("}");
    } else if (tool.machine()) {
      tool.row(time, line.node, by, event.text());
    } else {
      String millis = Text.zeros((int) (event.epochMillis() % 1_000), 3);
      String who = event.byLeader() ? "leader, node " + line.node : "node " + line.node;
      tool.out().line(time + "." + millis + " " + who + ": " + event.text());
    }
  }
}
