package io.jctdb.tests.simulator;

import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.EpochMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.database.message.TraverseMessage;
import java.util.List;

/**
 * Misfortune in the middle of a protocol: it waits until somebody has said a certain thing so many
 * times, and strikes the speaker at that very moment, so that the rest of what it was saying is
 * never sent. So leaders die after the first of their PREPAREs and before the last of their
 * COMMITs, sequencers between two APPLYs, givers behind a GRANT.
 */
final class Ambush {
  /** What may be the last word. Changes of epoch first: they are rare among the messages. */
  private static final List<Class<? extends NodeMessage>> LAST_WORDS =
      List.of(
          EpochMessage.Prepare.class,
          EpochMessage.Promise.class,
          EpochMessage.Commit.class,
          EpochMessage.Started.class,
          CommitMessage.AskState.class,
          CommitMessage.State.class,
          CommitMessage.Prepare.class,
          CommitMessage.Prepared.class,
          CommitMessage.Apply.class,
          CommitMessage.Applied.class,
          CommitMessage.Result.class,
          CommitMessage.Part.class,
          CommitMessage.Follow.class,
          RecordMessage.Query.class,
          RecordMessage.Yield.class,
          RecordMessage.Grant.class,
          RecordMessage.Acquired.class,
          RecordMessage.Purge.class,
          TraverseMessage.Start.class,
          TraverseMessage.Chunk.class);

  /** The same, where there are read-only copies. */
  private static final List<Class<? extends NodeMessage>> LAST_WORDS_OF_READERS =
      List.of(
          RecordMessage.Yield.class,
          RecordMessage.Grant.class,
          RecordMessage.Copied.class,
          RecordMessage.Revoke.class,
          RecordMessage.Revoked.class,
          RecordMessage.Answer.class);

  /** The same, while transactions are written. */
  private static final List<Class<? extends NodeMessage>> LAST_WORDS_OF_WRITERS =
      List.of(
          CommitMessage.Prepared.class,
          CommitMessage.Apply.class,
          CommitMessage.Applied.class,
          CommitMessage.Result.class);

  /** What is done to the speaker. */
  interface Strike {
    void at(SimulatedNode speaker);
  }

  private final Class<? extends NodeMessage> lastWord;
  private final Strike strike;
  private int left;

  private Ambush(Class<? extends NodeMessage> lastWord, int times, Strike strike) {
    this.lastWord = lastWord;
    this.left = times;
    this.strike = strike;
  }

  static Ambush lay(Chance chance, Strike strike) {
    return new Ambush(
        LAST_WORDS.get(chance.below(LAST_WORDS.size())), chance.between(1, 4), strike);
  }

  static Ambush layForReaders(Chance chance, Strike strike) {
    return new Ambush(
        LAST_WORDS_OF_READERS.get(chance.below(LAST_WORDS_OF_READERS.size())),
        chance.between(1, 6),
        strike);
  }

  static Ambush layForWriters(Chance chance, Strike strike) {
    return new Ambush(
        LAST_WORDS_OF_WRITERS.get(chance.below(LAST_WORDS_OF_WRITERS.size())),
        chance.between(1, 6),
        strike);
  }

  /** Whether it has struck and is over. */
  boolean hears(SimulatedNode speaker, NodeMessage message) {
    if (!lastWord.isInstance(message) || --left > 0) {
      return false;
    }
    speaker.trace(() -> "is struck after " + lastWord.getSimpleName());
    strike.at(speaker);
    return true;
  }
}
