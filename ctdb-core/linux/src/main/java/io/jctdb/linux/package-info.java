@NullMarked
package io.jctdb.linux;

import org.jspecify.annotations.NullMarked;
