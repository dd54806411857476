/**
 * Volatile records: who owns which, how they migrate, read-only copies, vacuum, and what a lost
 * node leaves.
 */
@NullMarked
package io.jctdb.database.record;

import org.jspecify.annotations.NullMarked;
