@NullMarked
package io.jctdb.tests;

import org.jspecify.annotations.NullMarked;
