package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.time.Duration;

/**
 * What one node has done with one public address since its daemon started.
 *
 * @param holder pnn of its presumed holder, or -1
 * @param takes how often it was taken here, vanished ones that were put back included
 * @param releases how often it was released here
 * @param refusals how often it could not be taken here
 * @param putBacks how often it had vanished from its interface
 * @param lastTake how long taking it took the last time; zero if it never was here
 */
public record AddressFigures(
    InetAddress address,
    int holder,
    long takes,
    long releases,
    long refusals,
    long putBacks,
    Duration lastTake) {}
