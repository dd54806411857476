package io.jctdb.eventscripts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/**
 * Enables or disables a script by its execute bits, for a SCRIPT request. Links are refused: the
 * tool makes and removes those itself.
 */
final class ScriptSwitch {
  private static final Set<PosixFilePermission> EXECUTE =
      EnumSet.of(
          PosixFilePermission.OWNER_EXECUTE,
          PosixFilePermission.GROUP_EXECUTE,
          PosixFilePermission.OTHERS_EXECUTE);

  private ScriptSwitch() {}

  /** An error number, 0 for success. */
  static int set(Path directory, String script, boolean enable) {
    String fileName = script + ScriptDirectory.SUFFIX;
    if (!ScriptDirectory.isScriptFile(fileName)) {
      return EventErrno.EINVAL;
    }
    Path file = directory.resolve(fileName);
    try {
      PosixFileAttributes attributes =
          Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!attributes.isRegularFile()) {
        return EventErrno.EINVAL;
      }
      Set<PosixFilePermission> permissions = EnumSet.copyOf(attributes.permissions());
      if (enable) {
        permissions.addAll(EXECUTE);
      } else {
        permissions.removeAll(EXECUTE);
      }
      Files.setPosixFilePermissions(file, permissions);
      return 0;
    } catch (java.nio.file.NoSuchFileException _) {
      return EventErrno.ENOENT;
    } catch (IOException e) {
      ScriptLog.EVENTD.error("{}: {}", file, e.toString());
      return EventErrno.EIO;
    }
  }
}
