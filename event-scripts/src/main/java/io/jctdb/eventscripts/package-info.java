@NullMarked
package io.jctdb.eventscripts;

import org.jspecify.annotations.NullMarked;
