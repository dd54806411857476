/** The launcher script, with something else in the daemon's place. */
@NullMarked
package io.jctdb.tests.launcher;

import org.jspecify.annotations.NullMarked;
