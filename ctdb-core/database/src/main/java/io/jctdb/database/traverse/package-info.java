/** A walk over all records of a database, on all nodes. */
@NullMarked
package io.jctdb.database.traverse;

import org.jspecify.annotations.NullMarked;
