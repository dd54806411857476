package io.jctdb.daemon.cluster;

import java.net.InetAddress;

/**
 * One line of the nodes file.
 *
 * @param deleted the line is commented out: it keeps its pnn and nothing else
 */
public record ClusterNode(int pnn, InetAddress address, boolean deleted) {}
