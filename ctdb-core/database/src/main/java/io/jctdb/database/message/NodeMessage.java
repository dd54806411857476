package io.jctdb.database.message;

/**
 * Anything one node says to another. Each family has its own file with the messages and their
 * encoding; {@link NodeMessageCodec} only picks the family.
 */
public sealed interface NodeMessage
    permits RecordMessage,
        EpochMessage,
        CommitMessage,
        TraverseMessage,
        ClusterMessage,
        LeaseMessage,
        KeeperMessage {}
