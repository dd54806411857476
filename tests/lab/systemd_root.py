"""The machine of a node whose process 1 is systemd: a root directory of its own, behind which the host's
cannot be reached.

A service manager that boots cleans /tmp, loads modules and sets the clock: it must not meet this machine.
So nothing of the host is in its tree but /usr and /opt, read-only; directories that the lab made for the
node; and views of the kernel that belong to the node's namespaces. It finds no units but those of UNITS,
and has no capability that reaches beyond its namespaces. `enter` looks at what it has made before it
returns, and raises if anything of the host can be written.

    /usr, /opt                      the host's, read-only
    /etc, /var/lib/ctdb, ...        the node's directories, as of any node of the lab
    /etc/systemd                    the node's, empty at its first boot: what is enabled stays over a power cut
    /usr/lib/systemd/system         UNITS of those, the daemon's unit, and NETWORK_UNIT
    /sys/fs/cgroup                  the node's own control group (version 2), as if it were the only one
    /tmp, /run, /dev, ...           empty, in memory
"""

import ctypes
import os
import shutil
import subprocess

SYSTEMD = "/usr/lib/systemd/systemd"
UNITS = [
    "sysinit.target", "basic.target", "multi-user.target", "sockets.target", "timers.target", "paths.target",
    "slices.target", "local-fs.target", "local-fs-pre.target", "swap.target", "network-pre.target",
    "network.target", "network-online.target", "time-set.target", "time-sync.target", "nss-lookup.target",
    "shutdown.target", "umount.target", "final.target", "poweroff.target", "systemd-poweroff.service",
    "systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket",
    "smbd.service", "nmbd.service", "winbind.service",
]
# The cards are put in while the node boots.
NETWORK_UNIT = """[Unit]
Description=The networks of the lab
Before=network-online.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'until ip -o -4 address show dev eth0 2>/dev/null | grep -q inet; do sleep 0.05; done'
"""
# What systemd would run or obey besides units: nothing of the host's.
EMPTIED = ["/usr/lib/systemd/system-generators", "/usr/lib/systemd/system-environment-generators",
           "/usr/lib/systemd/system-shutdown", "/usr/local/lib/systemd"]
IN_MEMORY = {"/var": 0o755, "/var/tmp": 0o1777, "/home": 0o755, "/root": 0o700, "/mnt": 0o755,
             "/dev/shm": 0o1777}
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}

# Numbers of linux/capability.h: what Samba, the daemon and a service manager of namespaces need. Not
# among them: SYS_MODULE, SYS_RAWIO, SYS_PACCT, SYS_BOOT, SYS_RESOURCE, SYS_TIME, MKNOD, AUDIT_CONTROL, MAC_*,
# SYSLOG, WAKE_ALARM, BLOCK_SUSPEND, AUDIT_READ, PERFMON, BPF, CHECKPOINT_RESTORE.
KEPT_CAPABILITIES = {*range(0, 16), 18, 19, 21, 23, 26, 28, 29, 31}
PR_CAPBSET_DROP, CLONE_NEWCGROUP = 24, 0x02000000

_libc = ctypes.CDLL(None, use_errno=True)


class NotWalled(Exception):
    """The node could reach something of the host."""


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def enter(node_dir, product_dir, private, mount_node):
    """Makes the root below NODE_DIR and goes there. The process must be process 1 of new mount, process,
    network, host name and IPC namespaces. `mount_node(root)` mounts what every node has, among it the
    directories `private`."""
    mount("--make-rprivate", "/")
    outside = {device for device, *_ in _mounts()}
    root = os.path.join(node_dir, "root")
    os.makedirs(root, exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=755", "root", root)
    _lay_out(root, private)
    mount_node(root)
    _show_units(root, product_dir)
    etc_systemd = os.path.join(node_dir, "etc-systemd")
    os.makedirs(etc_systemd + "/system", exist_ok=True)
    os.makedirs(root + "/etc/systemd", exist_ok=True)
    mount("--bind", etc_systemd, root + "/etc/systemd")
    for place in ("/srv/jctdb", "/usr/share/ctdb"):
        mount("-o", "remount,bind,ro", root + place)
    _mount_kernel_views(root)
    _enter_control_group(root + "/sys/fs/cgroup", node_dir)
    os.mkdir(root + "/outside")
    os.chdir(root)
    subprocess.run(["pivot_root", ".", "outside"], check=True)
    os.chdir("/")
    subprocess.run(["umount", "--lazy", "/outside"], check=True)
    os.rmdir("/outside")
    expect_walled(outside, {*private, "/etc/systemd", "/srv/cluster", "/sys/fs/cgroup"})


def become_systemd():
    """Does not return."""
    for capability in range(64):
        if capability not in KEPT_CAPABILITIES:
            _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused for those the kernel does not have
    # In a container it leaves the machine's clock, console and kernel alone.
    os.execve(SYSTEMD, ["systemd", "--system", "--unit=multi-user.target"], {"container": "jctdb-lab"})


def expect_walled(outside, own):
    """Nothing can be written in a file system of those `outside`, by device, but what is the node's own."""
    for device, place, writable in _mounts():
        if writable and device in outside and place not in own:
            raise NotWalled(f"{place} is the host's, and can be written")
    if os.path.exists("/proc/1/root/outside"):
        raise NotWalled("the host's root is still there")


def group_of(lab_dir):
    """Name of the control group that has those of the lab's nodes."""
    return "jctdb-lab" + lab_dir.replace("/", "-")


def remove_group(path):
    """All of a control group, if it is there; no process may be in it any more."""
    for directory, _, _ in os.walk(path, topdown=False):
        os.rmdir(directory)


def _mounts():
    """(device, place, whether it can be written) of every mount of this namespace."""
    with open("/proc/self/mountinfo") as file:
        for line in file:
            words = line.split()
            yield words[2], words[4], "ro" not in words[5].split(",")


def _lay_out(root, private):
    for name in os.listdir("/"):
        path = "/" + name
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif name in ("usr", "opt"):
            os.mkdir(root + path)
            mount("--bind", path, root + path)
            mount("-o", "remount,bind,ro", root + path)
    for name in ("dev", "etc", "proc", "run", "srv", "sys", "tmp"):
        os.mkdir(f"{root}/{name}")
    mount("-t", "tmpfs", "-o", "mode=755", "dev", root + "/dev")
    for place, mode in IN_MEMORY.items():
        os.makedirs(root + place)
        mount("-t", "tmpfs", "-o", f"mode={mode:o}", os.path.basename(place), root + place)
    for place in private:
        os.makedirs(root + place, exist_ok=True)
    os.symlink("/run", root + "/var/run")
    os.symlink("/run/lock", root + "/var/lock")


def _show_units(root, product_dir):
    units = root + "/usr/lib/systemd/system"
    shown = {name: _read(f"{units}/{name}") for name in UNITS if os.path.exists(f"{units}/{name}")}
    shown["jctdbd.service"] = _read(product_dir + "/share/ctdb/systemd/jctdbd.service")
    shown["jctdb-lab-network.service"] = NETWORK_UNIT
    for place in (units.removeprefix(root), *EMPTIED):
        if os.path.isdir(root + place):
            mount("-t", "tmpfs", "-o", "mode=755", "units", root + place)
    for name, text in shown.items():
        with open(f"{units}/{name}", "w") as file:
            file.write(text)
    for target, unit in (("network-online", "jctdb-lab-network.service"), ("sysinit", "systemd-journald.service")):
        os.mkdir(f"{units}/{target}.target.wants")
        os.symlink(f"../{unit}", f"{units}/{target}.target.wants/{unit}")
    os.mkdir(units + "/sockets.target.wants")
    os.symlink("../systemd-journald-dev-log.socket", units + "/sockets.target.wants/systemd-journald-dev-log.socket")


def _read(path):
    with open(path) as file:
        return file.read()


def _mount_kernel_views(root):
    mount("-t", "proc", "proc", root + "/proc")
    # Settings of this machine can be read, those of the node's network also written.
    mount("--bind", root + "/proc/sys", root + "/proc/sys")
    mount("--bind", root + "/proc/sys/net", root + "/proc/sys/net")
    mount("-o", "remount,bind,ro", root + "/proc/sys")
    if os.path.exists(root + "/proc/sysrq-trigger"):
        mount("--bind", "-o", "ro", root + "/proc/sysrq-trigger", root + "/proc/sysrq-trigger")
    mount("-t", "sysfs", "-o", "ro", "sysfs", root + "/sys")
    for name, numbers in DEVICES.items():
        os.mknod(f"{root}/dev/{name}", 0o20666, os.makedev(*numbers))
        os.chmod(f"{root}/dev/{name}", 0o666)
    os.mkdir(root + "/dev/pts")
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts", root + "/dev/pts")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"),
                         ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(target, f"{root}/dev/{name}")


def _enter_control_group(place, node_dir):
    lab_dir, node = os.path.split(node_dir)
    group = os.path.join(place, group_of(lab_dir), node)
    mount("-t", "cgroup2", "cgroup2", place)
    remove_group(group)
    os.makedirs(group)
    with open(group + "/cgroup.procs", "w") as file:
        file.write("0")
    if _libc.unshare(CLONE_NEWCGROUP) != 0:
        raise NotWalled("no control group namespace: " + os.strerror(ctypes.get_errno()))
    subprocess.run(["umount", place], check=True)
    mount("-t", "cgroup2", "cgroup2", place)
