@NullMarked
package io.jctdb.daemon;

import org.jspecify.annotations.NullMarked;
