package io.jctdb.protocol;

import java.util.List;

/**
 * Our own control NODE_STORY, no request data: what a node can tell of its place in the cluster, in
 * words for people.
 *
 * <pre>
 * count u32, then for each: name and text, both counted
 * </pre>
 */
public record NodeStory(List<Line> lines) {
  private static final int LINE_SIZE_MIN = 10;

  /** One thing to know. */
  public record Line(String name, String text) {
    private static Line read(ByteReader in) {
      return new Line(in.text(in.lengthWithinRest()), in.text(in.lengthWithinRest()));
    }

    private void write(ByteWriter out) {
      out.countedText(name).countedText(text);
    }
  }

  public NodeStory {
    lines = List.copyOf(lines);
  }

  public static NodeStory decode(byte[] bytes) {
    return ByteReader.whole(bytes, in -> new NodeStory(in.list(LINE_SIZE_MIN, Line::read)));
  }

  public byte[] encode() {
    return new ByteWriter(512).list(lines, Line::write).toBytes();
  }
}
