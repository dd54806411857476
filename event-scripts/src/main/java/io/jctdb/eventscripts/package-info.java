/**
 * Runs event scripts as ctdbd's event daemon does, so that scripts written for it run unchanged:
 * {@link io.jctdb.eventscripts.EventRunner} runs them, {@link io.jctdb.eventscripts.EventServer}
 * lets the stock {@code ctdb event} ask for it, {@link io.jctdb.eventscripts.MonitorSchedule}
 * decides when to monitor and what the outcome means for the node's health, {@link
 * io.jctdb.eventscripts.Notifier} tells the administrator's own scripts.
 *
 * <p>The contract is events-and-config 1; where we differ, docs/differences.md says why.
 */
@NullMarked
package io.jctdb.eventscripts;

import org.jspecify.annotations.NullMarked;
