@NullMarked
package io.jctdb.daemon.lifecycle;

import org.jspecify.annotations.NullMarked;
