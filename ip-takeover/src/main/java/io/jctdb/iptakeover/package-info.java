@NullMarked
package io.jctdb.iptakeover;

import org.jspecify.annotations.NullMarked;
