/** The real daemon, alone on a loopback address, as its clients and its administrator see it. */
@NullMarked
package io.jctdb.tests.live;

import org.jspecify.annotations.NullMarked;
