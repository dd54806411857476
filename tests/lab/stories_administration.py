"""What an administrator does with stock tools on any node, and expects to hold on every node."""

import re
import time

import faults
import nslab
import smb2
from story import expect, expect_equal, refused, story


@story("the share that I defined on one server is unknown to the others")
def registry_share(cluster):
    lab = cluster.lab
    lab.node(0, "net", "conf", "addshare", "projects", f"/srv/cluster/{nslab.SHARE}",
             "writeable=y", "guest_ok=n", check=True)
    for node in lab.nodes:
        listed = lab.node(node, "net", "conf", "listshares", check=True).stdout
        expect("projects" in listed, f"node {node} does not list the share: {listed}")
        done = cluster.smbclient(node, "ls", share="projects")
        expect_equal(done.returncode, 0, f"using the share on node {node}: {done.stdout}")
    lab.node(2, "net", "conf", "delshare", "projects", check=True)
    expect("projects" not in lab.node(0, "net", "conf", "listshares").stdout,
           "node 0 lists a share that node 2 removed")


@story("a registry value set on one server reads differently on another")
def registry_value(cluster):
    lab, key = cluster.lab, r"HKLM\SOFTWARE\Samba\smbconf\lab"
    lab.node(1, "net", "registry", "createkey", key, check=True)
    for round_, node in enumerate([0, 1, 2, 0, 1, 2]):
        lab.node(node, "net", "registry", "setvalue", key, "round", "sz", f"value {round_}",
                 check=True)
        for ask in lab.nodes:
            got = lab.node(ask, "net", "registry", "getvalue", key, "round", check=True).stdout
            expect(f'"value {round_}"' in got, f"node {ask} after a change on node {node}: {got}")
    lab.node(0, "net", "registry", "deletekey", key, check=True)


@story("a user created on one server cannot log on at another")
def new_user_everywhere(cluster):
    for node in cluster.lab.nodes:
        listed = cluster.lab.node(node, "pdbedit", "-L", check=True).stdout
        expect(nslab.USER in listed, f"node {node} does not know the user: {listed}")
        cluster.client_of(node)


@story("the ctdb tool says different things on different servers")
def tool_agrees(cluster):
    lab = cluster.lab
    for node in lab.nodes:
        status = cluster.ctdb_ok(node, "status")
        expect(f"Number of nodes:{len(lab.nodes)}" in status, status)
        expect_equal(len(re.findall(r"^pnn:\d+ +\S+ +OK", status, re.M)), len(lab.nodes),
                     f"healthy nodes in\n{status}")
        expect("Recovery mode:NORMAL (0)" in status, status)
        expect(f"pnn:{node}" in re.search(r"^.*THIS NODE.*$", status, re.M)[0], status)
        expect_equal(cluster.ctdb_ok(node, "pnn").strip(), str(node), "ctdb pnn")
        for other in lab.nodes:
            answer = cluster.ctdb_ok(node, "ping", "-n", str(other))
            expect(f"response from {other}" in answer, answer)
    views = {frozenset(lab.addresses(node).items()) for node in lab.nodes}
    expect_equal(len(views), 1, f"views of the public addresses {views}")
    expect_equal(len({cluster.ctdb_ok(node, "leader") for node in lab.nodes}), 1, "leaders")
    maps = {re.sub(r"(?s)^.*?(?=dbid)", "", cluster.ctdb_ok(node, "getdbmap"))
            .replace(f".tdb.{node}", ".tdb") for node in lab.nodes}
    names = [set(re.findall(r"name:(\S+)", text)) for text in maps]
    expect(all(found == names[0] for found in names), f"databases differ: {names}")


@story("my monitoring reads `ctdb`, and your tool prints something else",
       daemons=("stock-own-scripts", "jctdb"))
def own_tool_prints_the_same(cluster):
    differing = []
    for words in ("pnn", "-X status", "status", "-X nodestatus all", "nodestatus", "listnodes",
                  "-Y listnodes", "ip", "-X ip all", "-v ip", "getdbmap", "-X getdbmap",
                  "getdbstatus locking.tdb", "listvars", "getvar MonitorInterval", "ifaces",
                  "runstate", "leader", "getcapabilities", "getvar NoSuch", "nosuchcommand",
                  "getdbstatus nosuch.tdb", "catdb group_mapping.tdb", "getpid",
                  "process-exists 1", "scriptstatus"):
        stock = cluster.ctdb(1, *words.split())
        own = cluster.lab.node(1, "/srv/jctdb/bin/ctdb", *words.split())
        if (stock.stdout, stock.returncode) != (own.stdout, own.returncode):
            # A monitor event may have come between the two: what came after it must be the same.
            stock = cluster.ctdb(1, *words.split())
        if (stock.stdout, stock.returncode) != (own.stdout, own.returncode):
            differing.append(f"`ctdb {words}`: exit {stock.returncode}\n{stock.stdout[:600]}"
                             f"--- ours: exit {own.returncode}\n{own.stdout[:600]}{own.stderr[:300]}")
    expect(not differing, "\n".join(differing))


@story("getdbmap, getdbstatus or catdb fail on a running Samba cluster")
def databases_of_samba(cluster):
    held = cluster.client_of(1).open("seen-in-catdb.txt")
    held.lock(0, 1)
    databases = cluster.ctdb_ok(0, "getdbmap")
    for name in ("locking.tdb", "brlock.tdb", "smbXsrv_session_global.tdb", "registry.tdb",
                 "secrets.tdb", "passdb.tdb"):
        expect(f"name:{name} " in databases, f"{name} is not in\n{databases}")
        status = cluster.ctdb_ok(2, "getdbstatus", name)
        expect("HEALTH: OK" in status, status)
    dump = cluster.ctdb_ok(2, "catdb", "locking.tdb")
    expect(re.search(r"Dumped [1-9]\d* records", dump), f"catdb on another node: {dump[-300:]}")
    expect("seen-in-catdb" in dump, "the record of a file open on node 1 is not in node 2's catdb")


@story("a record that I stored on one server is not there on another")
def persistent_records(cluster):
    database = "lab_records.tdb"
    cluster.ctdb_ok(0, "attach", database, "persistent")
    for node in cluster.lab.nodes:
        cluster.ctdb_ok(node, "pstore", database, f"key{node}", f"from {node}")
    for ask in cluster.lab.nodes:
        for node in cluster.lab.nodes:
            expect_equal(cluster.ctdb_ok(ask, "pfetch", database, f"key{node}"), f"from {node}\n",
                         f"the record of node {node} read on node {ask}")
    cluster.ctdb_ok(1, "pdelete", database, "key0")
    expect(cluster.ctdb(2, "pfetch", database, "key0").returncode != 0
           or cluster.ctdb(2, "pfetch", database, "key0").stdout.strip() == "",
           "node 2 still has the record that node 1 deleted")
    done = cluster.ctdb(2, "ptrans", database, input='"a" "1"\n"b" "2"\n')
    expect_equal(done.returncode, 0, "ptrans: " + done.stderr)
    expect_equal(cluster.ctdb_ok(0, "pfetch", database, "b"), "2\n", "the transaction's record")
    numbers = {cluster.ctdb_ok(node, "getdbseqnum", database) for node in cluster.lab.nodes}
    expect_equal(len(numbers), 1, f"sequence numbers {numbers}")


@story("after `ctdb recover` the servers disagreed about the cluster, and my open file was gone")
def recover_is_seen_everywhere(cluster):
    lab = cluster.lab
    held = cluster.client_of(2).open("open-during-recover.txt")
    held.lock(0, 1)
    before = _map_of(cluster, 0)
    cluster.ctdb_ok(1, "recover")
    cluster.wait_for(lambda: len({_map_of(cluster, node) for node in lab.nodes}) == 1
                     and _map_of(cluster, 0) != before, 20,
                     "generation, map or recovery mode differ between the nodes")
    expect("NORMAL" in _map_of(cluster, 0), f"not in normal mode: {_map_of(cluster, 0)}")
    held.write(b"still open")
    held.unlock(0, 1)


def _map_of(cluster, node):
    """Generation, who keeps order for which records, and the recovery mode."""
    return re.search(r"(?ms)^Generation:.*?^Recovery mode:[^\n]*",
                     cluster.ctdb_ok(node, "status")).group(0)


@story("I took a server out of the nodes file, and the others forgot who they are", daemons=["jctdb"])
def node_is_deleted_and_comes_back(cluster):
    lab = cluster.lab
    held = cluster.client_of(0).open("open-during-reloadnodes.txt")
    held.lock(0, 1)
    cluster.ctdb_ok(2, "shutdown")
    lab.wait_healthy({0, 1}, timeout=60)
    files = [lab.node_path(node, "etc", "ctdb/nodes") for node in lab.nodes]
    with open(files[0]) as file:
        text = file.read()
    lines = text.splitlines()
    for path in files:
        with open(path, "w") as file:
            file.write("\n".join([lines[0], lines[1], "#" + lines[2]]) + "\n")
    try:
        said = cluster.ctdb_ok(0, "reloadnodes")
        expect("Node 2 is DELETED" in said, f"reloadnodes says {said}")
        for node in (0, 1):
            cluster.wait_for(lambda: _listed(cluster, node) == [0, 1], 10,
                             f"node {node} still lists the deleted node")
        lab.wait_healthy({0, 1}, timeout=30)
        cluster.ctdb_ok(1, "recover")
        lab.wait_healthy({0, 1}, timeout=30)
        cluster.client_of(1).open("while-deleted.txt").write(b"fine")
        held.write(b"still open")
    finally:
        for path in files:
            with open(path, "w") as file:
                file.write(text)
    said = cluster.ctdb_ok(1, "reloadnodes")
    expect("Node 2 is UNDELETED" in said, f"reloadnodes says {said}")
    held.unlock(0, 1)  # its address may be the one that goes to the node that comes back
    expect_equal(lab.start_daemon(2).returncode, 0, "start of the node that comes back, exit code")
    lab.wait_healthy(timeout=90)
    expect_equal(_listed(cluster, 2), [0, 1, 2], "the nodes that it lists")


def _listed(cluster, node):
    return sorted(int(pnn) for pnn in
                  re.findall(r"(?m)^pnn:(\d+) ", cluster.ctdb_ok(node, "status")))


@story("I could not restore a backup of a database, or only on the server that I had made it on",
       daemons=["jctdb"])
def backup_wipe_restore(cluster):
    """With ctdb's own file format: what our tool has written Debian's restores, and the other way round."""
    lab, database, volatile = cluster.lab, "lab_backup.tdb", "lab_backup_volatile.tdb"
    ours = lambda node, *words: lab.node(node, "/srv/jctdb/bin/ctdb", *words, check=True).stdout
    cluster.ctdb_ok(0, "attach", database, "persistent")
    for count in range(3):
        cluster.ctdb_ok(count, "pstore", database, f"key{count}", f"value {count}")
    cluster.ctdb_ok(0, "backupdb", database, "/tmp/by-debian.bak")
    ours(1, "backupdb", database, "/tmp/by-us.bak")
    for node in lab.nodes:
        cluster.ctdb_ok(node, "attach", volatile)
    cluster.ctdb_ok(1, "writekey", volatile, "moving", "before")
    cluster.ctdb_ok(1, "backupdb", volatile, "/tmp/volatile.bak")  # local copies, as with ctdbd
    for restore in (lambda: ours(0, "restoredb", "/tmp/by-debian.bak"),
                    lambda: cluster.ctdb_ok(1, "restoredb", "/tmp/by-us.bak")):
        cluster.ctdb_ok(2, "wipedb", database)
        for node in lab.nodes:
            expect_equal(_fetched(cluster, node, database), {}, f"records of node {node} after the wipe")
        cluster.ctdb_ok(2, "pstore", database, "later", "not in the backup")
        restore()
        for node in lab.nodes:
            expect_equal(_fetched(cluster, node, database),
                         {f"key{count}": f"value {count}" for count in range(3)},
                         f"records of node {node} after the restore")
    cluster.ctdb_ok(0, "writekey", volatile, "moving", "after")
    cluster.ctdb_ok(1, "restoredb", "/tmp/volatile.bak")
    for node in (2, 1, 0):
        expect("[before]" in cluster.ctdb_ok(node, "readkey", volatile, "moving"),
               f"node {node} does not read what was restored")
    cluster.ctdb_ok(0, "pstore", database, "later", "after the restore")
    expect_equal(_fetched(cluster, 2, database)["later"], "after the restore", "the next transaction")


def _fetched(cluster, node, database):
    """What a node's own copy holds."""
    dump = cluster.ctdb_ok(node, "catdb", database)
    pairs = re.findall(r'key\(\d+\) = "([^"]*)"(?:\n.*?)*?\ndata\(\d+\) = "([^"]*)"', dump)
    return {key: data for key, data in pairs if not key.startswith("__db_sequence_number__")}


@story("a tunable that I set does not stay, or shows on the wrong server")
def tunables(cluster):
    before = cluster.ctdb_ok(1, "getvar", "MonitorInterval")
    cluster.ctdb_ok(1, "setvar", "MonitorInterval", "17")
    expect("17" in cluster.ctdb_ok(1, "getvar", "MonitorInterval"), "the new value is not shown")
    expect("MonitorInterval" in cluster.ctdb_ok(2, "listvars"), "listvars lacks it")
    expect_equal(cluster.ctdb_ok(2, "getvar", "MonitorInterval"), before, "the value of node 2")
    cluster.ctdb_ok(1, "setvar", "MonitorInterval", before.split("=")[1].strip())
    expect(cluster.ctdb(1, "setvar", "NoSuchTunable", "1").returncode != 0,
           "an unknown tunable was accepted")


@story("I disabled a server for maintenance, but it kept its addresses")
def disable_and_enable(cluster):
    lab = cluster.lab
    cluster.ctdb_ok(0, "disable", "-n", "1")
    cluster.wait_for(lambda: 1 not in lab.addresses(0).values(), 30, "node 1 kept an address")
    expect("DISABLED" in cluster.ctdb_ok(2, "status"), "status does not say DISABLED")
    expect(not _addresses_on(lab, 1), f"node 1's kernel still has {_addresses_on(lab, 1)}")
    cluster.ctdb_ok(0, "enable", "-n", "1")
    cluster.wait_for(lambda: 1 in lab.addresses(0).values(), 30, "node 1 got no address back")
    cluster.wait_for(lambda: bool(_addresses_on(lab, 1)), 10, "node 1's kernel has no address")


@story("a server that I stopped still takes part")
def stop_and_continue(cluster):
    lab = cluster.lab
    cluster.ctdb_ok(2, "stop")
    cluster.wait_for(lambda: "Stopped" in lab.node_states(0).get(2, set()), 20, "not STOPPED")
    cluster.wait_for(lambda: 2 not in lab.addresses(0).values(), 30, "node 2 kept an address")
    cluster.client_of(0).open("while-stopped.txt").write(b"fine")
    cluster.ctdb_ok(2, "continue")
    lab.wait_healthy(timeout=60)


@story("nobody could open the file that somebody had open on the server that I stopped", daemons=["jctdb"])
def a_stopped_node_leaves_no_open_file(cluster):
    """An smbd that is slow to end (this one stands still for a moment) takes its open files out of the databases all
    the same, before these are frozen for as long as the node is stopped."""
    lab, node = cluster.lab, 1
    cluster.client_of(node).open("minutes.txt", share=0).write(b"said so far")
    other = cluster.client_of(0)
    with refused("SHARING_VIOLATION", "opening what somebody has open for himself alone"):
        other.open("minutes.txt", how=smb2.OPEN)
    serving = re.findall(r"pid=(\d+)", lab.node(node, "ss", "-Htnp", "state", "established", "sport", "=", ":445",
                                                "src", cluster.address_of(node), check=True).stdout)
    expect(serving, "no smbd serves the client")
    lab.node(node, "kill", "-STOP", *serving, check=True)
    stopping = lab.start(f"node{node}", "ctdb", "stop")
    try:
        time.sleep(0.4)
        lab.node(node, "kill", "-CONT", *serving, check=True)
        expect_equal(stopping.wait(20), 0, "`ctdb stop`, exit code")
        cluster.wait_for(lambda: _can_be_opened(other, "minutes.txt"), 3,
                         "the file looks open although the node of its user is stopped")
        expect_equal(other.open("minutes.txt", how=smb2.OPEN).read(100), b"said so far", "what the file has")
    finally:
        cluster.ctdb_ok(node, "continue")
    lab.wait_healthy(timeout=60)


def _can_be_opened(client, name):
    try:
        client.open(name, how=smb2.OPEN).close()
    except smb2.SmbError:
        return False
    return True


@story("`ctdb stop` failed because the server that I stopped was the leader")
def the_leader_is_stopped(cluster):
    lab = cluster.lab
    for _ in range(3):
        node = faults.leader(lab)
        other = (node + 1) % len(lab.nodes)
        cluster.ctdb_ok(node, "stop")
        cluster.wait_for(lambda: node not in lab.addresses(other).values(), 30, f"node {node} kept an address")
        cluster.wait_for(lambda: faults.leader(lab) != node, 10, f"node {node} leads although it is stopped")
        cluster.ctdb_ok(node, "continue")
        lab.wait_healthy(timeout=60)


@story("a banned server keeps on serving")
def ban_and_unban(cluster):
    lab = cluster.lab
    cluster.ctdb_ok(1, "ban", "300")
    cluster.wait_for(lambda: "Banned" in lab.node_states(0).get(1, set()), 20, "not BANNED")
    cluster.wait_for(lambda: 1 not in lab.addresses(0).values(), 30, "node 1 kept an address")
    if lab.daemon == "jctdb":
        own = lab.node(0, "/srv/jctdb/bin/ctdb", "status", "-v", check=True).stdout
        expect(re.search(r"pnn:1 bans: once, BANNED for another 2\d\d\.\d s: ctdb ban", own),
               f"the ban and its reason are not shown: {own}")
    cluster.ctdb_ok(1, "unban")
    lab.wait_healthy(timeout=60)


def _addresses_on(lab, node):
    text = lab.node(node, "ip", "-o", "-4", "addr", "show", "dev", "eth1", check=True).stdout
    return re.findall(r"inet (\S+)/", text)
