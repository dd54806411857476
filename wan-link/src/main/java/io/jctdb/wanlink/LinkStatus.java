package io.jctdb.wanlink;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The state of the link to one peer, for people and metrics.
 *
 * @param roundTrip the latest measured round trip, null before the first
 * @param queuedBytes handed to {@link LinkManager#send} and not yet taken by the kernel
 * @param problem why the link is (or last was) not up; empty if it never failed
 */
public record LinkStatus(
    int pnn,
    boolean up,
    @Nullable Duration roundTrip,
    long queuedBytes,
    long framesSent,
    long bytesSent,
    long framesReceived,
    long bytesReceived,
    String problem) {}
