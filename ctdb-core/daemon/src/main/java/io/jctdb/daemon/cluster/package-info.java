@NullMarked
package io.jctdb.daemon.cluster;

import org.jspecify.annotations.NullMarked;
