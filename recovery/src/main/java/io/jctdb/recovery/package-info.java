@NullMarked
package io.jctdb.recovery;

import org.jspecify.annotations.NullMarked;
