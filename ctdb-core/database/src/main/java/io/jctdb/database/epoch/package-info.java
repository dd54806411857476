/** The change from one membership to the next: the leader proposes, the members take part. */
@NullMarked
package io.jctdb.database.epoch;

import org.jspecify.annotations.NullMarked;
