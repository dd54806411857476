@NullMarked
package io.jctdb.wanlink;

import org.jspecify.annotations.NullMarked;
