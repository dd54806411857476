@NullMarked
package io.jctdb.daemon.catalog;

import org.jspecify.annotations.NullMarked;
