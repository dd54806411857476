"""The worked set-ups of docs/setups.md, brought up from their own files."""

import glob
import os
import shutil
import time

import nslab
import stories_services
from service_faults import end_processes

EXAMPLES = os.path.join(nslab.ROOT, "conf", "examples")

# All that is put in place of what the files say: the networks of the nodes and of their clients.
NETWORKS = {"10.0.0.": nslab.PRIVATE_NET + ".", "192.0.2.": nslab.PUBLIC_NET + "."}


class brought_up_from:
    """The cluster runs from the files of conf/examples/NAME inside the block. They replace /etc/ctdb,
    /etc/samba and /etc/ganesha of every node; of the lab's own only its certificates stay."""

    def __init__(self, cluster, name):
        self.cluster, self.lab = cluster, cluster.lab
        self.example = os.path.join(EXAMPLES, name)

    def __enter__(self):
        try:
            self._stop()
            for node in self.lab.nodes:
                self._replace_etc(node)
            self._copy_to(os.path.join(self.lab.directory, "cluster"), "srv/cluster")
            self._run(0, "once-per-cluster")
            for node in self.lab.nodes:
                stories_services.start_system_services_of_nfs(self.lab, node)
                self._run(node, "once-per-node")
            self.lab.start_cluster(timeout=120)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """The lab's own files are back, on all nodes, and the cluster serves with them."""
        self._stop()
        for node in self.lab.nodes:
            etc = self.lab.node_path(node, "etc")
            for kept in glob.glob(etc + "/*.kept"):
                shutil.rmtree(kept[:-len(".kept")], ignore_errors=True)
                os.rename(kept, kept[:-len(".kept")])
            if not self.lab._alive(f"node{node}"):
                self.lab.power_on(node)
        self.lab.start_cluster(timeout=120)

    def _stop(self):
        for node in self.lab.nodes:
            if self.lab._alive(f"node{node}") and self.cluster.answers(node):
                self.lab.node(node, "ctdb", "shutdown", timeout=60)
        end_processes(self.lab, "ganesha.nfsd", "tgtd", "smbd", "rpcbind", "dbus-daemon")

    def _replace_etc(self, node):
        etc = self.lab.node_path(node, "etc")
        for directory in ("ctdb", "samba", "ganesha"):
            os.makedirs(f"{etc}/{directory}", exist_ok=True)
            os.rename(f"{etc}/{directory}", f"{etc}/{directory}.kept")
        # What the package puts there, then what the administrator writes.
        shutil.copytree(os.path.join(nslab.PRODUCT, "etc", "ctdb"), etc + "/ctdb", symlinks=True)
        self._copy_to(etc, "etc")
        shutil.copytree(etc + "/ctdb.kept/tls", etc + "/ctdb/tls")

    def _copy_to(self, target, part):
        source = os.path.join(self.example, part)
        for path in glob.glob(source + "/**", recursive=True):
            if os.path.isfile(path):
                self._copy(path, os.path.join(target, os.path.relpath(path, source)))

    def _copy(self, source, target):
        with open(source) as file:
            text = file.read()
        for written, here in NETWORKS.items():
            text = text.replace(written, here)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as file:
            file.write(text)

    def _run(self, node, program):
        with open(os.path.join(self.example, program)) as file:
            self.lab.node(node, "sh", "-s", input=file.read(), check=True)


def tool(lab, *words, patience_s=40):
    """A command of the client, if Debian's package is there: its output. It is tried again for a while,
    because a server that has just started is in its grace period."""
    if not os.path.exists("/usr/bin/" + words[0]):
        return None
    end = time.monotonic() + patience_s
    while (done := lab.client(*words, timeout=30)).returncode != 0:
        if time.monotonic() > end:
            raise nslab.LabError(f"{' '.join(words)}: exit {done.returncode}: "
                                 f"{(done.stdout + done.stderr)[-400:]}")
        time.sleep(1)
    return done.stdout
