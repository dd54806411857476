"""A cluster of real Samba servers on one machine, each in namespaces of its own.

Everything hangs on one outer process namespace without an uplink: when its process 1 ends, the
kernel ends every process of the lab, and with them go the network, mount and other namespaces.
There is nothing on the host to clean up but one directory.

    outer namespace: bridge "priv" (the nodes' private network), bridge "pub" (the public one)
      node0, node1, ...: own processes, mounts, host name; eth0 on priv, eth1 on pub
      client:            eth0 on pub
      wan.py             one for each remote site: its nodes' eth0 is on a bridge of the site, which a line
                         with delay, loss, ... connects to priv; eth1 likewise if that is asked for
      watch.py           sees every address of every node come and go, for as long as the lab lives
"""

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import systemd_root
import wan

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PRODUCT = os.path.join(ROOT, "build", "jctdb")  # the installed layout of our own daemon
PYTHON = "/usr/bin/python3"

USER, PASSWORD, USER_ID = "demo", "demo", 20001
SHARE = "share"
PRIVATE_NET, PUBLIC_NET = "10.77.0", "10.77.1"
PUBLIC_NET6 = "fd77:1:"
CLIENT_ADDRESS, CLIENT_ADDRESS6 = PUBLIC_NET + ".250", PUBLIC_NET6 + ":250"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What the lab needs from Debian, by a program that shows that the package is there.
PACKAGES = {
    "samba": "/usr/sbin/smbd",
    "smbclient": "/usr/bin/smbclient",
    "samba-testsuite": "/usr/bin/smbtorture",
    "ctdb": "/usr/sbin/ctdbd",
    "tdb-tools": "/usr/bin/tdbtool",
    "iproute2": "/sbin/ip",
    "iptables": "/usr/sbin/iptables",
    "ethtool": "/sbin/ethtool",
    "psmisc": "/usr/bin/killall",
    "procps": "/usr/bin/pgrep",
    "util-linux": "/usr/bin/nsenter",
    "openssl": "/usr/bin/openssl",
    "tgt": "/usr/sbin/tgtd",
}


# What runs the cluster: Debian's ctdbd, the same with our event scripts, or our own daemon.
DAEMONS = ["stock", "stock-own-scripts", "jctdb"]


class LabError(Exception):
    """Something the lab cannot do; the text is for a person."""


def take_processor_share():
    """Puts this process, and with it all that it starts from now on, where it gets most of the processor
    before other work on the machine, if there are control groups (version 1): a node stands for a machine of
    its own, and a cluster whose every lease runs out because a compiler runs beside it tells nothing."""
    group = "/sys/fs/cgroup/cpu/jctdb-lab"
    wanted = [("cpu.shares", os.environ.get("JCTDB_LAB_CPU_SHARES", "16384")),
              # Other groups may have had the larger part of what there is for real-time threads.
              ("cpu.rt_runtime_us", "100000"), ("cpu.rt_runtime_us", "500000"),
              ("cgroup.procs", str(os.getpid()))]
    with contextlib.suppress(OSError):
        os.makedirs(group, exist_ok=True)
        for name, value in wanted:
            with contextlib.suppress(OSError), open(f"{group}/{name}", "w") as file:
                file.write(value)


def leave_processor_share():
    with contextlib.suppress(OSError):
        with open("/sys/fs/cgroup/cpu/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))
        os.rmdir("/sys/fs/cgroup/cpu/jctdb-lab")


def why_not_here():
    """Why this machine cannot run the lab, or None."""
    if os.geteuid() != 0:
        return "the lab makes network namespaces and runs smbd, which needs root"
    missing = [name for name, program in PACKAGES.items() if not os.path.exists(program)]
    if missing:
        return "these Debian packages are missing: " + " ".join(missing)
    probe = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "true"],
        capture_output=True, text=True)
    if probe.returncode != 0:
        return "this kernel or container refuses new namespaces: " + probe.stderr.strip()
    return None


class Lab:
    """One cluster; `name` tells labs on one machine apart."""

    def __init__(self, name):
        self.name = name
        self.directory = os.path.join(ROOT, "build", "lab", name)
        self.state = {}
        self.tell = lambda text: print(text, flush=True)
        self._life = None
        self._load()

    # ---- life of the lab -------------------------------------------------------------------

    def up(self, nodes=3, daemon="jctdb", keep=False, samba=True, ipv6=False, sites=None,
           wan_public=False, each=1):
        """Makes the namespaces; starts no daemon. With `keep` the lab outlives its runner; without
        `samba` the cluster is the daemon alone; each node brings `each` IPv4 public addresses, with `ipv6`
        as many of that family, too. `sites` names the remote sites and their nodes, {"branch": [3]}: their private network is
        behind a line of its own (see `wan`), with `wan_public` the public one, too. The public addresses
        of a site are its own."""
        reason = why_not_here()
        if reason:
            raise LabError(reason)
        if self.is_up():
            raise LabError(f"the lab {self.name} is already up: end it with `down`")
        if daemon != "stock" and not os.path.exists(PRODUCT + "/share/ctdb"):
            raise LabError(PRODUCT + " is missing or incomplete: build it with ./demo build")
        self._remove_directory()
        os.makedirs(os.path.join(self.directory, "cluster"))
        take_processor_share()
        self.state = {"daemon": daemon, "nodes": nodes, "samba": samba, "ipv6": ipv6, "pids": {},
                      "sites": sites or {}, "wan_public": wan_public, "each": each,
                      "systemd": []}
        self._start_outer(keep)
        self._start_watcher()
        self._outer_ip("link add priv type bridge", "link add pub type bridge",
                       "link set priv up", "link set pub up")
        for site in self.state["sites"]:
            for bridge in ["priv", *(["pub"] if wan_public else [])]:
                self._start_line(site, bridge)
        self._lay_out_cluster()
        if daemon != "stock":  # hard links: a later build does not pull the files from under us
            subprocess.run(["cp", "-al", PRODUCT, self._product()], check=True)
        for node in range(nodes):
            self.power_on(node)
        self._start_client()

    def down(self):
        """Ends every process of the lab and removes its directory."""
        if self.is_up():
            for node in list(self.state.get("systemd", [])):
                self.without_systemd(node)
            self._kill_and_wait(self.state["pids"]["outer"])
        self._close_life()
        leave_processor_share()
        self._remove_directory()
        self.state = {}

    def is_up(self):
        return self._alive("outer")

    @property
    def nodes(self):
        return range(self.state["nodes"])

    @property
    def daemon(self):
        return self.state["daemon"]

    def _start_outer(self, keep):
        life_read, self._life = (None, None) if keep else os.pipe()
        life = [] if keep else [str(life_read)]
        self._spawn_init("outer", ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork"],
                         ["outer"], life, pass_fds=[] if keep else [life_read])
        if not keep:
            os.close(life_read)

    def _start_watcher(self):
        """In the outer process namespace, so that it ends with the lab, whoever ends that."""
        with open(os.path.join(self.directory, "watch.log"), "ab") as log:
            watcher = subprocess.Popen(
                ["nsenter", "-t", str(self.state["pids"]["outer"]), "-p", PYTHON,
                 os.path.join(HERE, "watch.py"), self.directory, PUBLIC_NET + ".0/25",
                 PUBLIC_NET6 + ":/64"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        threading.Thread(target=watcher.wait, daemon=True).start()
        path = os.path.join(self.directory, "watch.sock")
        if not self.until(lambda: os.path.exists(path), 20, pause=0.02):
            raise LabError(f"the address watcher did not start: see {log.name}")

    # ---- sites -------------------------------------------------------------------------------

    def site_of(self, node):
        """The remote site of a node; None for the main site."""
        return next((site for site, nodes in self.state.get("sites", {}).items() if node in nodes), None)

    def site_nodes(self, site=None):
        """The nodes of a remote site, or of the main one."""
        return [node for node in self.nodes if self.site_of(node) == site]

    def wan(self, site, commands):
        """Tells the line(s) of a remote site, as wan.py describes; gives the private network's answer."""
        lines = ["priv", *(["pub"] if self.state["wan_public"] else [])]
        return [wan.ask(self._line_control(site, bridge), commands) for bridge in lines][0]

    def _line_control(self, site, bridge):
        return os.path.join(self.directory, f"wan-{site}-{bridge}.sock")

    def _start_line(self, site, bridge):
        """A bridge for the site, and the line from there to `bridge`."""
        control, near, far = self._line_control(site, bridge), f"{site}-{bridge}-m", f"{site}-{bridge}-r"
        with open(os.path.join(self.directory, f"wan-{site}.log"), "ab") as log:
            line = subprocess.Popen(
                ["nsenter", "-t", str(self.state["pids"]["outer"]), "-p", "-n", PYTHON,
                 os.path.join(HERE, "wan.py"), "--control", control, near, far],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        threading.Thread(target=line.wait, daemon=True).start()
        if not self.until(lambda: os.path.exists(control), 20, pause=0.02):
            raise LabError(f"the line to {site} did not start: see {log.name}")
        self._outer_ip(f"link add {site}-{bridge} type bridge", f"link set {site}-{bridge} up",
                       f"link set {near} master {bridge} up",
                       f"link set {far} master {site}-{bridge} up")

    def _bridge(self, node, bridge):
        """Where the node is plugged in for its private ("priv") or public ("pub") network."""
        site = self.site_of(node)
        behind = site is not None and (bridge == "priv" or self.state["wan_public"])
        return f"{site}-{bridge}" if behind else bridge

    def ask_watcher(self, *words, namespace=None):
        """Gives its report; see watch.py."""
        directory = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
                connection.settimeout(20)
                connection.connect(f"/proc/self/fd/{directory}/watch.sock")  # paths must be short
                socket.send_fds(connection, [" ".join(words).encode()],
                                [] if namespace is None else [namespace])
                return json.loads(connection.recv(1 << 20) or b"null")
        except OSError as error:
            raise LabError(f"the address watcher does not answer: {error}") from error
        finally:
            os.close(directory)

    def overlaps(self):
        """Every time until now that a public address was on two nodes: address, nodes, from, to."""
        return self.ask_watcher("report")["overlaps"]

    def prove_watcher(self):
        """Puts an address on two nodes that no daemon knows of, and expects to be told."""
        address = PUBLIC_NET + ".99"
        before = len(self.overlaps())
        for change in ("add", "del"):
            for node in ("node0", "node1"):
                self._ip(node, f"addr {change} {address}/32 dev eth1")
        if [one["nodes"] for one in self.overlaps()[before:]] != [["node0", "node1"]]:
            raise LabError("the address watcher does not see an address on two nodes")

    def _watch(self, who):
        namespace = os.open(f"/proc/{self.state['pids'][who]}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.ask_watcher("node", who, namespace=namespace)
        finally:
            os.close(namespace)

    def _start_client(self):
        self._spawn_init("client", self._inside_outer() + ["--uts"], ["client"], ["client"])
        self._plug("client", "pub", "c-pub", "eth0")
        self._ip("client", f"addr add {CLIENT_ADDRESS}/24 dev eth0",
                 f"addr add {CLIENT_ADDRESS6}/64 dev eth0 nodad")

    def _inside_outer(self):
        return ["nsenter", "-t", str(self.state["pids"]["outer"]), "-m", "-n", "-p", "-i",
                "unshare", "--net", "--mount", "--pid", "--ipc", "--fork"]

    def _spawn_init(self, name, prefix, kind, arguments, pass_fds=()):
        """Starts a process 1 and learns its process id, as this namespace counts it."""
        path = os.path.join("/run", f"jctdb-lab-{os.getpid()}-{name}.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ready:
            ready.bind(path)
            ready.listen()
            ready.settimeout(20)
            try:
                with open(os.path.join(self.directory, f"init-{name}.log"), "ab") as log:
                    process = subprocess.Popen(
                        [*prefix, PYTHON, os.path.join(HERE, "init.py"), *kind, path, *arguments],
                        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        start_new_session=True, pass_fds=pass_fds,
                        env={"PATH": PATH, "JCTDB_LAB_DIRECTORY": self.directory})
                threading.Thread(target=process.wait, daemon=True).start()
                connection, _ = ready.accept()
                with connection:
                    connection.settimeout(20)
                    if not connection.recv(64):
                        raise LabError(f"{name} did not start: see {log.name}")
                    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                    self.state["pids"][name] = struct.unpack("3i", peer)[0]
                    self.state["pids"][name + ".born"] = _birth(self.state["pids"][name])
                    connection.sendall(b".")
            except TimeoutError:
                raise LabError(f"{name} did not start in 20 s: see {log.name}") from None
            finally:
                os.unlink(path)
        self._save()

    # ---- files of the cluster and of a node --------------------------------------------------

    def _product(self):
        return os.path.join(self.directory, "product")

    def _lay_out_cluster(self):
        share = os.path.join(self.directory, "cluster", SHARE)
        os.makedirs(share)
        os.chmod(share, 0o777)
        if self.daemon == "jctdb":
            self._make_certificates()

    def _make_certificates(self):
        nodes = os.path.join(self.directory, "nodes")
        with open(nodes, "w") as file:
            file.write("".join(f"{PRIVATE_NET}.{node + 1}\n" for node in self.nodes))
        subprocess.run([PRODUCT + "/bin/jctdb-tls", self._certificates(), nodes], check=True,
                       capture_output=True)

    def _certificates(self):
        return os.path.join(self.directory, "tls")

    def node_path(self, node, *parts):
        """A path of the node's private tree, as seen from outside."""
        return os.path.join(self.directory, f"node{node}", *parts)

    def log(self, node):
        """What the node's daemon has said so far."""
        try:
            with open(self.node_path(node, "log", "ctdb", "log.ctdb"), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @property
    def share_path(self):
        """The shared directory, as seen from outside."""
        return os.path.join(self.directory, "cluster", SHARE)

    def _lay_out_node(self, node):
        for directory in ("lib-ctdb/volatile", "lib-ctdb/persistent", "lib-ctdb/state",
                          "lib-samba/private", "cache-samba", "log/ctdb", "log/samba", "srv"):
            os.makedirs(self.node_path(node, directory), exist_ok=True)
        os.chmod(self.node_path(node, "lib-samba", "private"), 0o700)
        etc = self.node_path(node, "etc")
        subprocess.run(["cp", "-a", "/etc", etc], check=True)
        for directory in ("ctdb", "samba"):
            shutil.rmtree(os.path.join(etc, directory), ignore_errors=True)
        self._write_etc(node, "hostname", f"node{node}\n")
        self._write_etc(node, "machine-id", os.urandom(16).hex() + "\n")
        self._write_etc(node, "hosts", "127.0.0.1 localhost\n" + "".join(
            f"{PRIVATE_NET}.{other + 1} node{other}\n" for other in self.nodes))
        with open(os.path.join(etc, "passwd"), "a") as passwd:
            passwd.write(f"{USER}:x:{USER_ID}:{USER_ID}:SMB user of the lab:/:/usr/sbin/nologin\n")
        with open(os.path.join(etc, "group"), "a") as group:
            group.write(f"{USER}:x:{USER_ID}:\n")
        self._lay_out_ctdb(node)
        self._write_etc(node, "samba/smb.conf", SMB_CONF)

    def _lay_out_ctdb(self, node):
        etc = os.path.join(self.node_path(node), "etc", "ctdb")
        if self.daemon != "stock":
            subprocess.run(["cp", "-a", os.path.join(PRODUCT, "etc/ctdb"), etc],
                           check=True)
        else:
            subprocess.run(["cp", "-a", "/etc/ctdb", etc], check=True)
        if self.daemon == "jctdb":
            tls = os.path.join(etc, "tls")
            shutil.copytree(os.path.join(self._certificates(), f"{PRIVATE_NET}.{node + 1}"), tls)
            shutil.copy(os.path.join(self._certificates(), "ca.pem"), tls)
        self._write_etc(node, "ctdb/nodes", "".join(
            f"{PRIVATE_NET}.{other + 1}\n" for other in self.nodes))
        if self.daemon != "stock":
            self._give_certificates(node, etc)
        self._write_etc(node, "ctdb/public_addresses", "".join(
            f"{address}/{64 if ':' in address else 24} eth1\n"
            for address in self.public_addresses(self.site_nodes(self.site_of(node)))))
        self._write_etc(node, "ctdb/ctdb.conf", self._ctdb_conf(node))
        self._write_etc(node, "ctdb/script.options", "CTDB_SAMBA_CHECK_PORTS=445\n")
        legacy = os.path.join(etc, "events", "legacy")
        os.makedirs(legacy, exist_ok=True)
        managed = ["50.samba"] if self.state["samba"] else []
        for script in ["00.ctdb", "01.reclock", "05.system", "10.interface", *managed]:
            link = os.path.join(legacy, script + ".script")
            source = "/srv/jctdb/share/ctdb" if self.daemon == "jctdb" else "/usr/share/ctdb"
            shipped = "/usr/share/ctdb" if self.daemon == "stock" else PRODUCT + "/share/ctdb"
            script_path = f"events/legacy/{script}.script"
            if os.path.exists(os.path.join(shipped, script_path)) and not os.path.lexists(link):
                os.symlink(os.path.join(source, script_path), link)

    def _ctdb_conf(self, node):
        """A remote node leads nothing and is no location master, in words that each daemon knows."""
        site, ensemble = self.site_of(node), ""
        if self.state["sites"] and len(self.nodes) >= 5:  # five ZooKeeper servers, by the nodes file alone
            remote = [str(other) for other in self.nodes if self.site_of(other)]
            ensemble = f"  remote nodes = {' '.join(remote)}\n"
        metrics = f"  metrics address = {METRICS}\n"
        if site is None:
            return CTDB_CONF + (f"\n[jctdb]\n{metrics}{ensemble}" if self.state["sites"] else "")
        # What ctdbd knows, for both; and the section that it ignores.
        return CTDB_CONF + ("  leader capability = false\n\n[legacy]\n  lmaster capability = false\n"
                            f"\n[jctdb]\n  site = {site}\n{metrics}{ensemble}")

    def public_addresses(self, nodes=None):
        """All that the cluster, or these nodes of it, are given to serve."""
        last = [101 + node + more * len(self.nodes) for more in range(self.state.get("each", 1))
                for node in (self.nodes if nodes is None else nodes)]
        return [f"{PUBLIC_NET}.{number}" for number in last] + (
            [f"{PUBLIC_NET6}:{number}" for number in last] if self.state.get("ipv6") else [])

    def _give_certificates(self, node, etc):
        """What protects the traffic between nodes, made as docs/operations.md tells."""
        made = os.path.join(self.directory, "tls")
        if not os.path.exists(made):
            subprocess.run([PRODUCT + "/bin/jctdb-tls", made, os.path.join(etc, "nodes")],
                           check=True, stdout=subprocess.DEVNULL)
        tls = os.path.join(etc, "tls")
        os.makedirs(tls, mode=0o700, exist_ok=True)
        own = os.path.join(made, f"{PRIVATE_NET}.{node + 1}")
        for source in (os.path.join(made, "ca.pem"), own + "/node.pem", own + "/node.key"):
            shutil.copy2(source, tls)

    def _write_etc(self, node, name, text):
        path = os.path.join(self.node_path(node), "etc", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w") as file:
            file.write(text)

    # ---- a node's power and network ----------------------------------------------------------

    def power_on(self, node):
        """Boots the node: namespaces and network; its disk is as the last power cut left it."""
        if self._alive(f"node{node}"):
            raise LabError(f"node {node} is on")
        if not os.path.exists(self.node_path(node)):
            self._lay_out_node(node)
        product = self._product() if self.daemon != "stock" else "-"
        kind = "systemd-node" if node in self.state["systemd"] else "node"
        self._spawn_init(f"node{node}", self._inside_outer() + ["--uts"], [kind],
                         [f"node{node}", self.node_path(node),
                          os.path.join(self.directory, "cluster"), product, self.daemon])
        self._plug(f"node{node}", self._bridge(node, "priv"), f"n{node}-priv", "eth0")
        self._plug(f"node{node}", self._bridge(node, "pub"), f"n{node}-pub", "eth1")
        self._ip(f"node{node}", f"addr add {PRIVATE_NET}.{node + 1}/24 dev eth0")
        self._watch(f"node{node}")

    def power_off(self, node):
        """A power cut: the links go first, then every process, without a word to anybody."""
        self._outer_ip(f"link del n{node}-priv", f"link del n{node}-pub")
        self._kill_and_wait(self.state["pids"][f"node{node}"])
        self.ask_watcher("gone", f"node{node}")

    def why_no_systemd(self):
        """Why no node can have systemd for its process 1, or None."""
        if not os.path.exists(systemd_root.SYSTEMD):
            return "Debian's systemd is missing"
        try:
            os.makedirs(self._control_group(), exist_ok=True)
        except OSError as error:
            return f"there are no control groups of version 2 here: {error.strerror}"
        return None

    def with_systemd(self, node):
        """From its next boot on process 1 of the node, which is off, is systemd (see systemd_root.py)."""
        self.state["systemd"].append(node)

    def without_systemd(self, node):
        """Switches the node off; from its next boot on it is like the others."""
        if self._alive(f"node{node}"):
            self.power_off(node)
        self.state["systemd"].remove(node)
        shutil.rmtree(self.node_path(node, "etc-systemd"), ignore_errors=True)
        systemd_root.remove_group(self._control_group(f"node{node}"))
        if not self.state["systemd"]:
            systemd_root.remove_group(self._control_group())

    def _control_group(self, *node):
        return os.path.join(f"/proc/{self.state['pids']['outer']}/root/sys/fs/cgroup",
                            systemd_root.group_of(self.directory), *node)

    def partition(self, node):
        """Cuts the node off from the other nodes; its clients still reach it."""
        self._outer_ip(f"link set n{node}-priv nomaster")

    def heal(self, node):
        self._outer_ip(f"link set n{node}-priv master {self._bridge(node, 'priv')}")

    def _plug(self, who, bridge, port, interface):
        pid = self.state["pids"][who]
        self._outer_ip(f"link add {port} type veth peer name {interface} netns {pid}",
                       f"link set {port} master {bridge} up")
        self._ip(who, f"link set {interface} up")

    def _outer_ip(self, *commands):
        self._ip("outer", *commands)

    def _ip(self, who, *commands):
        subprocess.run(["nsenter", "-t", str(self.state["pids"][who]), "-n", "ip", "-batch", "-"],
                       input="\n".join(commands) + "\n", text=True, check=True)

    # ---- commands ------------------------------------------------------------------------------

    def command(self, who, *words):
        """The words that run a command in a node ("node1") or in "client"."""
        if not self._alive(who):
            raise LabError(f"{who} is not up")
        # The client's files are this machine's, so a command there starts where we are.
        here = [f"--wdns={os.getcwd()}"] if who == "client" else []
        return ["nsenter", "-t", str(self.state["pids"][who]), "-a", *here, "env", "-i",
                f"PATH={PATH}:/srv/jctdb/bin", "HOME=/root", "LANG=C.UTF-8",
                f"TERM={os.environ.get('TERM', 'dumb')}", *words]

    def run(self, who, *words, timeout=60, check=False, input=None):
        """Runs a command, gives its CompletedProcess; the text of stdout and stderr is captured."""
        done = subprocess.run(self.command(who, *words), capture_output=True, text=True,
                              timeout=timeout, errors="replace",
                              **({"stdin": subprocess.DEVNULL} if input is None
                                 else {"input": input}))
        if check and done.returncode != 0:
            raise LabError(f"{who}: {' '.join(words)}: exit {done.returncode}: "
                           f"{done.stdout[-600:]}{done.stderr[-600:]}")
        return done

    def start(self, who, *words, **options):
        """Starts a command that stays, such as a load: its Popen. It ends with the lab, or when that is killed:
        what is killed then is nsenter, whose child would live on (and listen, at an address to come)."""
        return subprocess.Popen(self.command(who, "setpriv", "--pdeathsig", "KILL", *words),
                                **{"stdin": subprocess.DEVNULL,
                                   "text": True, **options})

    def node(self, node, *words, **options):
        return self.run(f"node{node}", *words, **options)

    def client(self, *words, **options):
        return self.run("client", *words, **options)

    def connect(self, address, port=445, timeout=20, source=""):
        """A TCP connection of the client namespace, usable from this process; from its address `source`."""
        with self.inside_network("client"):
            return socket.create_connection((address, port), timeout, (source, 0) if source else None)

    @contextlib.contextmanager
    def inside_network(self, who):
        """This thread makes its sockets in that namespace; a socket stays where it was made."""
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        away = os.open(f"/proc/{self.state['pids'][who]}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(away, 0x40000000) != 0:
                raise LabError("setns: " + os.strerror(ctypes.get_errno()))
            try:
                yield
            finally:
                libc.setns(home, 0x40000000)
        finally:
            os.close(home)
            os.close(away)

    # ---- the cluster daemon --------------------------------------------------------------------

    def daemon_command(self):
        return "/srv/jctdb/bin/ctdbd" if self.daemon == "jctdb" else "/usr/sbin/ctdbd"

    def start_daemon(self, node):
        if node in self.state["systemd"]:
            return self.node(node, "systemctl", "start", "jctdbd", timeout=60)
        return self.node(node, self.daemon_command(), timeout=60)

    def daemon_pid(self, node):
        """The daemon's process id as the node counts it, or None."""
        text = self.node(node, "cat", "/run/ctdb/ctdbd.pid").stdout.strip()
        return int(text) if text.isdigit() else None

    def has_launcher(self, node):
        """Something on the node starts the daemon again when it ends."""
        return self.node(node, "pgrep", "-x", "jctdb-launcher").returncode == 0

    def kill_daemon(self, node, signal_number=signal.SIGKILL):
        pid = self.daemon_pid(node)
        if pid is None:
            raise LabError(f"node {node} has no daemon")
        self.node(node, "kill", f"-{int(signal_number)}", str(pid), check=True)

    def start_cluster(self, timeout=90):
        """Starts every daemon, waits until the cluster serves, and makes the SMB user."""
        problems = []
        starters = [threading.Thread(target=self._start_checked, args=(node, problems))
                    for node in self.nodes]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join()
        if problems:
            raise LabError("\n".join(problems))
        self.wait_healthy(timeout=timeout)
        if self.state["samba"]:
            self.add_user()

    def add_user(self):
        self.node(0, "smbpasswd", "-s", "-a", USER, input=f"{PASSWORD}\n{PASSWORD}\n", check=True)
        if self.daemon.startswith("stock") and self.state["sites"]:
            # A node of Debian's that is no lmaster gets no commits; the next recovery brings them.
            self.node(0, "ctdb", "recover", check=True)
            time.sleep(5)  # it returns before the databases have been copied
            self.wait_healthy(show=False)

    def _start_checked(self, node, problems):
        started = self.start_daemon(node)
        if started.returncode != 0:
            problems.append(f"node {node}: the daemon ended with {started.returncode}: "
                            f"{started.stdout}{started.stderr}".strip())

    def records_command(self, *words):
        """The words that run records.py on a node, which does not see this directory."""
        with open(os.path.join(HERE, "records.py")) as program:
            return [PYTHON, "-c", program.read(), *words]

    def preload(self, count, database="lab_preload.tdb", owners=None):
        """Puts so many records into a volatile database, each node (of `owners`) owning its share. The daemons
        learn nothing of that: a remote node's records must come to it through its daemon."""
        owners = owners or self.nodes
        for node in self.nodes:
            self.node(node, "ctdb", "attach", database, check=True)
        share = count // len(owners)
        fillers = [self.start(f"node{node}", *self.records_command(
            "fill", database, str(node), str(node * share), str(share)))
            for node in owners]
        if any(filler.wait() != 0 for filler in fillers):
            raise LabError(f"the records of {database} could not be stored")

    def node_states(self, ask):
        """What node `ask` says of each node: {pnn: set of flag names}; {} when it cannot say."""
        try:
            done = self.node(ask, "ctdb", "-X", "status", timeout=10)
        except subprocess.TimeoutExpired:
            return {}
        lines = [line.strip("|").split("|") for line in done.stdout.splitlines()
                 if line.startswith("|")]
        if len(lines) < 2 or lines[0][0] != "Node":
            return {}
        head = lines[0]
        return {int(words[0]): {name for name, word in zip(head[2:], words[2:])
                                if word == "1" and name != "PartiallyOnline"}
                for words in lines[1:]}

    def lifetimes(self, node):
        """Seconds that each IPv4 public address of the node is still valid: {address: seconds or 'forever'}."""
        text = self.node(node, "ip", "-o", "-4", "addr", "show", "dev", "eth1").stdout
        return {address: seconds if seconds == "forever" else int(seconds)
                for address, seconds in re.findall(r"inet (\S+)/.*valid_lft (\w+?)(?:sec)?\b", text)}

    def addresses(self, ask=0):
        """Where the public addresses are, says node `ask`: {address: pnn or -1}."""
        done = self.node(ask, "ctdb", "-X", "ip", "all", timeout=20)
        found = {}
        for line in done.stdout.splitlines()[1:]:
            words = line.strip("|").split("|")
            if len(words) >= 2:
                found[words[0]] = int(words[1])
        return found

    def wait_healthy(self, healthy=None, timeout=90, show=True, spread=True):
        """Waits until the nodes of `healthy` say that exactly these are OK, and every address is served,
        with `spread` some by each of them."""
        wanted = set(self.nodes) if healthy is None else set(healthy)
        if not self.until(lambda: self._agree(wanted, spread), timeout,
                          "waiting for the nodes" if show else None, pause=0.1):
            raise LabError(f"nodes {sorted(wanted)} not healthy in {timeout} s; node "
                           f"{min(wanted)} says:\n"
                           + self.node(min(wanted), "ctdb", "status", timeout=20).stdout)

    def _agree(self, wanted, spread):
        for ask in wanted:
            states = self.node_states(ask)
            if {pnn for pnn, flags in states.items() if not flags - {"ThisNode"}} != wanted:
                return False
        hosts = set(self.addresses(min(wanted)).values())
        return (hosts == wanted if spread else bool(hosts) and hosts <= wanted) and (
            not self.state["samba"] or all(self._serves(node) for node in wanted))

    def _serves(self, node):
        """smbd listens: it is started by the `startup` event, a moment after the node is OK."""
        done = self.node(node, "ss", "-Hltn", "sport = :445", timeout=10)
        return "445" in done.stdout

    def until(self, condition, timeout, what=None, pause=0.25):
        """Polls; says after a second, and each fifth second, what it waits for."""
        start = time.monotonic()
        said = 0
        while not condition():
            passed = time.monotonic() - start
            if passed > timeout:
                return False
            if what and passed >= 1 + 5 * said:
                self.tell(f"  {what} ({passed:.0f} s)")
                said += 1
            time.sleep(pause)
        return True

    # ---- state -----------------------------------------------------------------------------------

    def _state_file(self):
        return os.path.join(self.directory, "state.json")

    def _load(self):
        with contextlib.suppress(FileNotFoundError, ValueError):
            with open(self._state_file()) as file:
                self.state = json.load(file)

    def _save(self):
        with open(self._state_file(), "w") as file:
            json.dump(self.state, file)

    def _alive(self, who):
        """The birth time guards against another process that got the same number."""
        pid = self.state.get("pids", {}).get(who)
        return pid is not None and _birth(pid) == self.state["pids"][who + ".born"]

    def _kill_and_wait(self, pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if not self.until(lambda: _birth(pid) is None, 20, pause=0.05):
            raise LabError(f"process {pid} does not end")

    def _close_life(self):
        if self._life is not None:
            os.close(self._life)
            self._life = None

    def _remove_directory(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def _birth(pid):
    """Start time of a live process in clock ticks; None when there is none, or only a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            words = stat.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if words[0] in "ZX" else words[19]


SMB_CONF = f"""[global]
  clustering = yes
  netbios name = JCTDBLAB
  workgroup = LAB
  security = user
  passdb backend = tdbsam
  registry shares = yes
  smb ports = 445
  server min protocol = NT1
  kernel oplocks = no
  load printers = no
  printcap name = /dev/null
  disable spoolss = yes
  log level = 1
  log file = /var/log/samba/log.smbd
  max log size = 0

[{SHARE}]
  path = /srv/cluster/{SHARE}
  read only = no
  force create mode = 0666
"""

METRICS = "127.0.0.1:9464"  # inside each node of a stretched cluster
CTDB_CONF = """[logging]
  location = file:/var/log/ctdb/log.ctdb
  log level = NOTICE

[cluster]
  cluster lock = /srv/cluster/cluster.lock
"""
