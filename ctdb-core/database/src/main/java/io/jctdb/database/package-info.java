@NullMarked
package io.jctdb.database;

import org.jspecify.annotations.NullMarked;
