package io.jctdb.wanlink;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The state of the link to one peer, for people and metrics. Counters are of this run of the
 * daemon.
 *
 * @param site the peer's, as it said itself; empty until it has
 * @param far whether that is another site than ours
 * @param compressed whether frames to it are compressed
 * @param roundTrip smoothed, null before the first
 * @param shortestRoundTrip of the last one to two minutes, null before the first
 * @param loss estimate of the share of segments to it that are lost, 0 to 1
 * @param queuedBytes handed to {@link LinkManager#send} and not yet taken by the kernel
 * @param unsentBytes taken by the kernel and not yet sent
 * @param bytesSent payload of the frames
 * @param wireBytesSent what became of it, TLS and TCP headers left out; far links only, otherwise 0
 * @param wireBytesReceived likewise, whatever the link
 * @param timesLost how often the link has gone down
 * @param problem why the link is (or last was) not up; empty if it never failed
 */
public record LinkStatus(
    int pnn,
    boolean up,
    String site,
    boolean far,
    boolean compressed,
    @Nullable Duration roundTrip,
    @Nullable Duration shortestRoundTrip,
    double loss,
    long queuedBytes,
    long unsentBytes,
    long framesSent,
    long bytesSent,
    long wireBytesSent,
    long framesReceived,
    long bytesReceived,
    long wireBytesReceived,
    long timesLost,
    String problem) {}
