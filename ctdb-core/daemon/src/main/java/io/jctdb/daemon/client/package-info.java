@NullMarked
package io.jctdb.daemon.client;

import org.jspecify.annotations.NullMarked;
