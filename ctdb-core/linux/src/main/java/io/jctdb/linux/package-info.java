/**
 * The only room that speaks to the kernel and to native libraries: {@code java.lang.foreign}
 * bindings, one class a system facility. It knows nothing of clusters or databases.
 */
@NullMarked
package io.jctdb.linux;

import org.jspecify.annotations.NullMarked;
