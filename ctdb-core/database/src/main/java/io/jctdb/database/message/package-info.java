/** What nodes say to each other, and its form on the wire. */
@NullMarked
package io.jctdb.database.message;

import org.jspecify.annotations.NullMarked;
