@NullMarked
package io.jctdb.protocol;

import org.jspecify.annotations.NullMarked;
