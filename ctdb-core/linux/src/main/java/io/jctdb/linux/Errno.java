package io.jctdb.linux;

/** The Linux error numbers (x86-64 and aarch64 share them) that this project decides on. */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EBUSY = 16;
  public static final int EINVAL = 22;
  public static final int EDEADLK = 35;
  public static final int ENOSYS = 38;
  public static final int ETIMEDOUT = 110;
  public static final int EOWNERDEAD = 130;

  private Errno() {}

  /** The system's own words for an error number. */
  public static String text(int errno) {
    return CLibrary.errorText(errno);
  }
}
