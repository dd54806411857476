/** The last will of the daemon: written for its launcher, and heard from those of other nodes. */
@NullMarked
package io.jctdb.daemon.will;

import org.jspecify.annotations.NullMarked;
