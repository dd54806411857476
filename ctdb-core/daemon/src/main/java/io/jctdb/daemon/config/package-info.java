/**
 * What an administrator wrote, turned into types that cannot be wrong: {@code ctdb.conf}, {@code
 * nodes}, {@code ctdb.tunables}, and the places where all of it lives.
 *
 * <p>Nothing here starts, opens or changes anything but the files named in a method's description.
 * Everything rejected is rejected with the file, line, key, value, rule and remedy.
 */
@NullMarked
package io.jctdb.daemon.config;

import org.jspecify.annotations.NullMarked;
