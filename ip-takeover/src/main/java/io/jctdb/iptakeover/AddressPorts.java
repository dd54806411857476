package io.jctdb.iptakeover;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The world of {@link LocalAddresses}.
 *
 * @param ownState of this node, now
 * @param checksSuspended true while takeover runs or address checks are disabled
 */
public record AddressPorts(
    KernelAddresses kernel,
    AddressKeeper keeper,
    AddressEvents events,
    AnnouncementSender announcements,
    Scheduler scheduler,
    AddressListener listener,
    Supplier<OwnState> ownState,
    BooleanSupplier checksSuspended) {}
