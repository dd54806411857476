#!/usr/bin/python3
"""Process 1 of one of the lab's namespaces.

Makes the namespace's private mounts, reports ready, then adopts and reaps orphans for as long as
the namespace lives. When it ends, the kernel ends everything else in the namespace, so nothing
that a node started can outlive the lab.

usage: init.py outer READY_SOCKET [LIFE_FD]
       init.py node  READY_SOCKET NAME NODE_DIR SHARED_DIR PRODUCT_DIR|- DAEMON
       init.py systemd-node READY_SOCKET NAME NODE_DIR SHARED_DIR PRODUCT_DIR DAEMON
       init.py client READY_SOCKET NAME
"""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

import systemd_root
from systemd_root import mount

# What a node has to itself: (directory of the node's private tree, where the node sees it).
PRIVATE = [
    ("etc", "/etc"),
    ("lib-ctdb", "/var/lib/ctdb"),
    ("lib-samba", "/var/lib/samba"),
    ("cache-samba", "/var/cache/samba"),
    ("log", "/var/log"),
]


def mount_kernel_views():
    mount("-t", "proc", "proc", "/proc")
    mount("-t", "sysfs", "sysfs", "/sys")


def mount_node(node_dir, shared_dir, product_dir, daemon, root=""):
    """The order matters: whatever lies under /tmp or /srv must be bound before those are hidden."""
    stage = os.path.join(node_dir, "srv")
    mount("-t", "tmpfs", "-o", "mode=755", "srv", stage)
    os.mkdir(stage + "/cluster")
    mount("--bind", shared_dir, stage + "/cluster")
    if product_dir != "-":
        os.mkdir(stage + "/jctdb")
        mount("--rbind", product_dir, stage + "/jctdb")
        mount("--bind", product_dir + "/share/ctdb", root + "/usr/share/ctdb")
        if daemon == "jctdb":
            # Links, so that a helper finds the installation that it belongs to.
            helpers = os.listdir(product_dir + "/libexec/ctdb")
            mount("-t", "tmpfs", "-o", "mode=755", "helpers", root + "/usr/libexec/ctdb")
            for helper in helpers:
                os.symlink("/srv/jctdb/libexec/ctdb/" + helper,
                           f"{root}/usr/libexec/ctdb/{helper}")
    for private, visible in PRIVATE:
        mount("--bind", os.path.join(node_dir, private), root + visible)
    # As docs/operations.md asks for.
    mount("-t", "tmpfs", "-o", "mode=700", "volatile", root + "/var/lib/ctdb/volatile")
    mount("--rbind", stage, root + "/srv")
    mount("-t", "tmpfs", "-o", "mode=755", "run", root + "/run")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmp", root + "/tmp")
    # Made on a real machine when it boots.
    os.mkdir(root + "/run/lock", 0o1777)
    os.mkdir(root + "/run/samba", 0o755)


def reap():
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def adopt_forever(life_fd):
    """Ends when the other end of life_fd is closed, that is, when the lab's runner has gone."""
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    watched = [wake_read] + ([life_fd] if life_fd is not None else [])
    while True:
        reap()
        readable, _, _ = select.select(watched, [], [])
        if life_fd in readable and not os.read(life_fd, 1):
            return
        if wake_read in readable:
            os.read(wake_read, 4096)


def clean_up():
    """The runner has gone without a word: nothing of the lab stays on the machine."""
    os.kill(-1, signal.SIGKILL)  # every process of this namespace but this one
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        time.sleep(0.02)
    directory = os.environ["JCTDB_LAB_DIRECTORY"]
    shutil.rmtree(directory, ignore_errors=True)
    systemd_root.remove_group("/sys/fs/cgroup/" + systemd_root.group_of(directory))


def main():
    kind, ready = sys.argv[1], sys.argv[2]
    life_fd = None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(ready)  # before the mounts hide the path
    if kind == "outer":
        name = "outer"
        life_fd = int(sys.argv[3]) if len(sys.argv) > 3 else None
        mount_kernel_views()
        # For the groups of nodes with systemd; where this is refused there are no such nodes.
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"], stderr=subprocess.DEVNULL)
    elif kind == "node":
        name = sys.argv[3]
        mount_kernel_views()
        mount_node(*sys.argv[4:8])
        os.mkdir("/run/ctdb", 0o755)  # what the daemon's unit sees to where there is systemd
        socket.sethostname(name)
    elif kind == "systemd-node":
        name, (node_dir, shared_dir, product_dir, daemon) = sys.argv[3], sys.argv[4:8]
        systemd_root.enter(node_dir, product_dir, [visible for _, visible in PRIVATE],
                           lambda root: mount_node(node_dir, shared_dir, product_dir, daemon, root))
        socket.sethostname(name)
    else:
        name = sys.argv[3]
        mount_kernel_views()
        mount("-t", "tmpfs", "-o", "mode=755", "run", "/run")
        socket.sethostname(name)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.umask(0o022)
    os.chdir("/")
    connection.sendall(name.encode())
    connection.recv(1)
    connection.close()
    if kind == "systemd-node":
        systemd_root.become_systemd()
    adopt_forever(life_fd)
    clean_up()


main()
