@NullMarked
package io.jctdb.daemon.logging;

import org.jspecify.annotations.NullMarked;
