/** Transactions of persistent and replicated databases: two phases, and how a copy catches up. */
@NullMarked
package io.jctdb.database.commit;

import org.jspecify.annotations.NullMarked;
