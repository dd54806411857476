/**
 * Stores in MapDB files, for what can be rebuilt: volatile databases that no local Samba opens, and
 * full copies that may be fetched again. MapDB can lose or tear committed data when its process is
 * killed, so a file is used only if it was closed properly and passes a check, and is discarded
 * otherwise.
 */
@NullMarked
package io.jctdb.store.mapdb;

import org.jspecify.annotations.NullMarked;
