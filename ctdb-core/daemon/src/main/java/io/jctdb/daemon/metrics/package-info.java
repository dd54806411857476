/** What can be seen of a node from outside: metrics for Prometheus, a health answer, a page. */
@NullMarked
package io.jctdb.daemon.metrics;

import org.jspecify.annotations.NullMarked;
