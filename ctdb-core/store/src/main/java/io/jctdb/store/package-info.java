@NullMarked
package io.jctdb.store;

import org.jspecify.annotations.NullMarked;
