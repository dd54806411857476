@NullMarked
package io.jctdb.daemon.control;

import org.jspecify.annotations.NullMarked;
