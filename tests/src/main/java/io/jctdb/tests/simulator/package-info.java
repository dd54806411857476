/**
 * The deterministic simulator: a whole cluster of real record engines in one thread, with
 * everything around them (network, time, local stores, clients, ZooKeeper, failures) made up from
 * one seed.
 */
@NullMarked
package io.jctdb.tests.simulator;

import org.jspecify.annotations.NullMarked;
