@NullMarked
package io.jctdb.cli;

import org.jspecify.annotations.NullMarked;
