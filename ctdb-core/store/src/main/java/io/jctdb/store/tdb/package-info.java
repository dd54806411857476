/**
 * The stores that share real TDB files with smbd: volatile databases ({@link
 * io.jctdb.store.tdb.TdbRecordStore}), persistent and replicated ones ({@link
 * io.jctdb.store.tdb.TdbTransactionStore}).
 */
@NullMarked
package io.jctdb.store.tdb;

import org.jspecify.annotations.NullMarked;
