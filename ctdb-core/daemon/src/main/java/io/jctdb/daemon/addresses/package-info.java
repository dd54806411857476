@NullMarked
package io.jctdb.daemon.addresses;

import org.jspecify.annotations.NullMarked;
