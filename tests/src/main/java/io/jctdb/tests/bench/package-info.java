/**
 * Load as Samba makes it, to measure a cluster daemon from outside: the client protocol on the Unix
 * sockets of several nodes, and the nodes' database files beside them. It runs the same against any
 * daemon of that protocol, so two daemons can be compared.
 */
@NullMarked
package io.jctdb.tests.bench;

import org.jspecify.annotations.NullMarked;
