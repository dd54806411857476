"""Services besides the daemon: they fail and hang, their node loses power, and what a client was told
is saved is saved."""

import contextlib
import os
import subprocess
import threading
import time

import nfs3
import nfs4
import nfs41
import nlm
import nslab
from service_clients import CAPACITY, BlockWriter, DocumentWriter, ExportWatch, FileWriter
from service_faults import disable_scripts, end_processes, host_of, monitor_often, through_faults
from story import Failed, expect, expect_equal, story

LUNS = "/srv/cluster/luns"


@story("smbd crashed or hung on one server, and so did its users", daemons=["jctdb"])
def samba_fails_and_users_go_on(cluster):
    lab = cluster.lab
    address = lab.public_addresses()[1]
    writer = DocumentWriter(cluster, address, "through-faults")
    try:
        writer.start()
        # Nothing starts an smbd that has died but the `startup` event, as with ctdb.
        through_faults(cluster, writer, "smbd", 445, lab.share_path,
                       restart=lambda node: lab.node(node, "service", "smbd", "restart"))
    finally:
        writer.finish()


@story("winbind was gone on one server, and its users could not log in", daemons=["jctdb"])
def winbind_fails_and_is_noticed(cluster):
    lab, node = cluster.lab, 1
    if not os.path.exists("/usr/sbin/winbindd"):
        cluster.note("left out: Debian's winbind is missing")
        return
    script = ["env", "CTDB_BASE=/etc/ctdb", "/etc/ctdb/events/legacy/49.winbind.script"]
    monitor_often(cluster, node)
    cluster.ctdb_ok(node, "event", "script", "enable", "legacy", "49.winbind")
    try:
        lab.node(node, *script, "startup", check=True)
        cluster.wait_for(lambda: lab.node(node, "wbinfo", "-p").returncode == 0, 20, "winbindd does not start")
        for what, begin, end in (("killed", ["killall", "-9", "winbindd"], ["service", "winbind", "start"]),
                                 ("stopped", ["killall", "-STOP", "winbindd"], ["killall", "-CONT", "winbindd"])):
            lab.node(node, *begin, check=True)
            began = time.monotonic()
            cluster.wait_for(lambda: "Unhealthy" in lab.node_states(0).get(node, set()), 60,
                             f"nobody notices that winbindd is {what}")
            cluster.note(f"winbindd {what}: unhealthy after {time.monotonic() - began:.1f} s")
            lab.node(node, *end, check=True)
            lab.wait_healthy(timeout=60, spread=False)
        lab.node(node, *script, "shutdown", check=True)
        cluster.wait_for(lambda: not lab.node(node, "pidof", "winbindd").stdout, 10, "winbindd is not stopped")
    finally:
        disable_scripts(lab, node, "49.winbind")
        end_processes(lab, "winbindd")


# In systemd's place, which would have to be process 1. What it starts are Debian's init scripts.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/run/systemctl.log
while [ "${1#-}" != "$1" ]; do shift; done
case $1 in
start | stop | restart | reload | status) ;;
*) exit 0 ;;
esac
unit=${2%.service}
case $unit in
nfs-ganesha)
  case $1 in
  start) mkdir -p /run/ganesha && exec ganesha.nfsd -L /var/log/ganesha/ganesha.log -N NIV_EVENT ;;
  stop) killall -q ganesha.nfsd; exit 0 ;;
  esac ;;
*) SYSTEMCTL_SKIP_REDIRECT=1 exec /etc/init.d/$unit $1 ;;
esac
"""


@story("on a machine with systemd the scripts started services behind its back", daemons=["jctdb"])
def services_are_asked_of_systemd(cluster):
    lab, node = cluster.lab, 1
    if nfs_is_missing(cluster):
        return
    with open(os.path.join(lab.directory, "cluster", "systemctl"), "w") as file:
        file.write(SYSTEMCTL)
        os.fchmod(file.fileno(), 0o755)
    lab.node(node, "sh", "-ec", """mkdir -p /run/systemd/system
        mount --bind /srv/cluster/systemctl /usr/bin/systemctl""", check=True)
    try:
        set_up_nfs(cluster)
        cluster.ctdb_ok(node, "shutdown")
        cluster.wait_for(lambda: not cluster.answers(node), 60, "it does not end")
        cluster.wait_for(lambda: not lab.node(node, "pidof", "smbd", "ganesha.nfsd").stdout, 10,
                         "services run after a shutdown")
        lab.node(node, "rm", "-f", "/run/systemctl.log")
        cluster.revive(node)
        lab.wait_healthy(timeout=60)
        asked = lab.node(node, "cat", "/run/systemctl.log").stdout
        for words in ("start smbd.service", "start nfs-ganesha"):
            expect(words in asked, f"systemd was not asked to {words}: {asked}")
        expect(lab.node(node, "pidof", "smbd").stdout and lab.node(node, "pidof", "ganesha.nfsd").stdout,
               "what systemd was asked for does not run")
    finally:
        end_nfs(cluster)
        lab.node(node, "sh", "-c", "umount /usr/bin/systemctl; rm -rf /run/systemd/system")


def _target(address):
    return f"iqn.2026-01.test.lab:{address}"


def _set_up_iscsi(cluster):
    """A disk for every public address, described in shared files; the script enabled everywhere."""
    lab = cluster.lab
    luns = os.path.join(lab.directory, "cluster", "luns")
    os.makedirs(luns, exist_ok=True)
    for address in lab.public_addresses():
        with open(f"{luns}/{address}.img", "ab"):
            pass
        with open(f"{luns}/{address}.target", "w") as file:
            file.write(f"address = {address}\ntarget = {_target(address)}\nallow = ALL\n"
                       f"[lun 1]\nstore = {LUNS}/{address}.img\ncapacity = {CAPACITY}\n"
                       # A drive and a changer for it, both still empty: MMC and SMC.
                       f"[lun 2]\ntype = cd\n[lun 3]\ntype = changer\ndrives = 2\nslots = 4\n")
    for node in lab.nodes:
        lab.node(node, "sh", "-c", f"echo CTDB_ISCSI_TARGETS={LUNS} > "
                 "/etc/ctdb/events/legacy/70.iscsi.options", check=True)
        cluster.ctdb_ok(node, "event", "script", "enable", "legacy", "70.iscsi")
    cluster.ctdb_ok(0, "ipreallocate")
    lab.wait_healthy(timeout=60)


@story("the mail server's iSCSI disk lost what was written when its server failed", daemons=["jctdb"])
def iscsi_disk_moves_under_load(cluster):
    lab = cluster.lab
    address = lab.public_addresses()[1]
    _set_up_iscsi(cluster)
    _libiscsi_writes_and_reads(cluster, address)
    writer, watch = BlockWriter(lab, address, _target(address)), ExportWatch(lab, _target(address))
    try:
        writer.start()
        watch.start()
        through_faults(cluster, writer, "tgtd", 3260,
                       os.path.join(lab.directory, "cluster", "luns", f"{address}.img"))
    finally:
        writer.finish()
        for node in lab.nodes:
            disable_scripts(lab, node, "70.iscsi")
        end_processes(lab, "tgtd")
    watch.finish()
    if writer.refusals:
        raise Failed(f"the initiator was refused, which is final for some: {writer.refusals}")


def _libiscsi_writes_and_reads(cluster, address):
    """Its tools see the three kinds of device, and its conformance tests of reading and writing pass."""
    if not os.path.exists("/usr/bin/iscsi-test-cu"):
        cluster.note("left out: Debian's libiscsi-bin is missing")
        return
    listed = cluster.lab.client("iscsi-ls", "-s", f"iscsi://{address}", timeout=30).stdout
    for kind in ("Lun:1    Type:DIRECT_ACCESS", "Lun:2    Type:MMC", "Lun:3    Type:MEDIA_CHANGER"):
        expect(kind in listed, f"iscsi-ls does not show {kind}: {listed}")
    disk = f"iscsi://{address}/{_target(address)}/1"
    said = cluster.lab.client("iscsi-inq", disk, timeout=30).stdout
    expect("Peripheral Device Type:DIRECT_ACCESS" in said, f"iscsi-inq: {said}")
    for tests in ("ALL.Write10", "ALL.Write16.Simple", "ALL.Read10", "ALL.Read16.Simple"):
        done = cluster.lab.client("iscsi-test-cu", "--dataloss", "--fail", "--normal", "--test", tests, disk,
                                  timeout=60)
        expect(done.returncode == 0, f"iscsi-test-cu {tests}: {(done.stdout + done.stderr)[-600:]}")


GANESHA_CONF = """NFS_CORE_PARAM { Protocols = 3,4; mount_path_pseudo = true; NFS_Port = 2049;
  MNT_Port = 20048; NLM_Port = 32803; Rquota_Port = 875; }
NFSV4 { Grace_Period = 5; Lease_Lifetime = 5; RecoveryBackend = fs; Server_Scope = lab; }
EXPORT { Export_Id = 1; Path = /srv/cluster/nfs; Pseudo = /share; Access_Type = RW;
  Squash = no_root_squash; SecType = sys; FSAL { Name = VFS; } }
"""
NFS_OPTIONS = """CTDB_NFS_CALLOUT="${CTDB_BASE}/nfs-ganesha-callout"
CTDB_NFS_CHECKS_DIR="${CTDB_BASE}/nfs-checks-ganesha.d"
CTDB_NFS_SHARED_STATE_DIR=/srv/cluster/nfs-state
"""


def start_system_services_of_nfs(lab, node):
    """What the system starts on a server of NFS: D-Bus and rpcbind."""
    lab.node(node, "sh", "-ec", """mountpoint -q /var/lib/nfs || mount -t tmpfs none /var/lib/nfs
        mkdir -p /run/dbus /run/rpcbind /var/log/ganesha
        # One that was killed has left its process id behind, with which no other starts.
        pidof dbus-daemon >/dev/null || { rm -f /run/dbus/pid; dbus-daemon --system --fork; }
        pidof rpcbind >/dev/null || rpcbind -w""", check=True)


def set_up_nfs(cluster, before=lambda lab, node: None):
    """`before` is called with a node before its NFS server starts."""
    lab = cluster.lab
    for directory in ("nfs", "nfs-state"):
        os.makedirs(os.path.join(lab.directory, "cluster", directory), exist_ok=True)
    for node in lab.nodes:
        lab._write_etc(node, "ganesha/ganesha.conf", GANESHA_CONF)
        lab._write_etc(node, "ctdb/events/legacy/60.nfs.options", NFS_OPTIONS)
        cluster.ctdb_ok(node, "event", "script", "enable", "legacy", "60.nfs")
        start_system_services_of_nfs(lab, node)
        before(lab, node)
        lab.node(node, "env", "CTDB_BASE=/etc/ctdb", "/etc/ctdb/events/legacy/60.nfs.script",
                 "startup", check=True)
        cluster.ctdb_ok(node, "event", "script", "enable", "legacy", "06.nfs")
    lab.wait_healthy(timeout=60)


def end_nfs(cluster):
    for node in cluster.lab.nodes:
        disable_scripts(cluster.lab, node, "06.nfs", "60.nfs")
    end_processes(cluster.lab, "ganesha.nfsd", "rpc.statd", "rpcbind", "dbus-daemon")


def nfs_is_missing(cluster):
    if os.path.exists("/usr/bin/ganesha.nfsd") and os.path.exists("/usr/sbin/rpcbind"):
        return False
    cluster.note("left out: Debian's nfs-ganesha, nfs-ganesha-vfs, rpcbind or dbus is missing")
    return True


@story("an NFS client's open file was gone when its server failed", daemons=["jctdb"])
def nfs_file_goes_on(cluster):
    lab = cluster.lab
    if nfs_is_missing(cluster):
        return
    address = lab.public_addresses()[1]
    set_up_nfs(cluster)
    writer = FileWriter(lab, address, "growing")
    try:
        writer.start()
        _libnfs_reads_on(cluster, address)
        through_faults(cluster, writer, "ganesha.nfsd", 2049,
                       os.path.join(lab.directory, "cluster", "nfs", "growing"))
    finally:
        writer.finish()
        end_nfs(cluster)
        if writer.problem:
            cluster.note(f"the client was refused: {writer.problem}")
    cluster.note(f"told to wait for the end of a grace period {writer.told_to_wait} times")


def _libnfs_reads_on(cluster, address):
    """libnfs has a file open, and has read a part of it, when the address moves: it goes on by itself. With
    version 3, which has no state to lose: of version 4 it claims nothing again."""
    lab, content = cluster.lab, os.urandom(8 << 20).hex()
    if not os.path.exists("/usr/bin/nfs-cat"):
        cluster.note("left out: Debian's libnfs-utils is missing")
        return
    with open(os.path.join(lab.directory, "cluster", "nfs", "long"), "w") as file:
        file.write(content)
    host = host_of(cluster, address)
    with lab.start("client", "nfs-cat", f"nfs://{address}/share/long?version=3", stdout=subprocess.PIPE) as reader:
        patience = threading.Timer(60, reader.kill)
        patience.start()
        got = reader.stdout.read(1 << 20)  # it waits then: a pipe takes no more than 64 KiB
        began = time.monotonic()
        cluster.ctdb_ok(host, "disable")
        expect(host_of(cluster, address) != host, "the address has not moved")
        got += reader.stdout.read()
        patience.cancel()
    expect(got == content, f"libnfs: {len(got)} bytes of {len(content)}, or others")
    cluster.note(f"libnfs: the rest of its file {time.monotonic() - began:.1f} s after its address began to move")
    cluster.ctdb_ok(host, "enable")
    lab.wait_healthy(timeout=60)


@story("another client got my NFS lock while my server moved", daemons=["jctdb"])
def nfs40_lock_is_claimed_again(cluster):
    lab = cluster.lab
    if nfs_is_missing(cluster):
        return
    address = lab.public_addresses()[1]
    set_up_nfs(cluster)
    # Linux's clients of 4.0 name themselves so. At a move NFS-Ganesha lets go, at once, of those whose name
    # has the address.
    owner, neighbour, thief = (
        nfs4.Client(lambda port: lab.connect(address, port, timeout=2),
                    f"Linux NFSv4.0 {name}/{address} tcp") for name in ("owner", "neighbour", "thief"))
    try:
        _lock_at_the_start(owner, neighbour, thief)
        host = host_of(cluster, address)
        cluster.ctdb_ok(host, "disable")
        _claimed_and_not_stolen(cluster, owner, neighbour, thief, host, "planned move")
        cluster.ctdb_ok(host, "enable")
        lab.wait_healthy(timeout=60)

        host = host_of(cluster, address)
        _lock_at_the_start(owner, neighbour, thief)
        lab.power_off(host)
        _claimed_and_not_stolen(cluster, owner, neighbour, thief, host, "power cut")
    finally:
        for client in (owner, neighbour, thief):
            client.close()
        end_nfs(cluster)


@story("another client got my NFS 4.1 lock while my server moved", daemons=["jctdb"])
def nfs41_lock_is_claimed_again(cluster):
    lab = cluster.lab
    if nfs_is_missing(cluster):
        return
    address = lab.public_addresses()[1]
    set_up_nfs(cluster)
    # Names of these versions say nothing of the server. A slash makes NFS-Ganesha write them in another way.
    owner, neighbour, thief = (_client_of_41(lab, address, name, minor) for name, minor in (
        ("owner", 1), ("neighbour/77", 2), ("thief", 1)))
    clients = [owner, neighbour, thief]
    try:
        _lock_at_the_start(owner, neighbour, thief)
        host, scope = host_of(cluster, address), owner.server_scope
        strangers = [_client_of_41(lab, cluster.address_of(node), f"stranger{node}", 1)
                     for node in lab.nodes if node != host]
        clients += strangers
        for stranger in strangers:
            _patiently(stranger.connect)
            _patiently(lambda: stranger.open(["share"], "strange"))
        with _releases_take_their_time(lab, host):
            disabling = lab.start(f"node{host}", "ctdb", "disable")
            _all_nodes_wait_before_the_address_moves(cluster, strangers, host, address)
            expect_equal(disabling.wait(60), 0, "`ctdb disable`, exit code")
        _claimed_and_not_stolen(cluster, owner, neighbour, thief, host, "planned move")
        expect_equal(owner.server_scope, scope, "the scope of the server it has moved to")

        # Where it is now, another address has clients, too: they feel nothing when it leaves again. But one
        # on the owner's machine cannot be told from the owner, and must claim its lock where it is.
        second = host_of(cluster, address)
        other = next(one for one, node in lab.addresses(second).items() if node == second and one != address)
        lab.client("ip", "addr", "add", f"{SECOND_CLIENT}/24", "dev", "eth0", check=True)
        bystander = _client_of_41(lab, other, "bystander", 1, SECOND_CLIENT)
        housemate = _client_of_41(lab, other, "housemate", 1)
        for client, name in (bystander, "by"), (housemate, "house"):
            clients.append(client)
            _patiently(client.connect)
            _patiently(lambda: client.open(["share"], name))
            _patiently(lambda: client.lock(0, 100))
        _lock_at_the_start(owner, neighbour, thief)
        third = next(node for node in lab.nodes if node not in (host, second))
        cluster.ctdb_ok(second, "moveip", address, str(third))
        cluster.wait_for(lambda: lab.addresses(third).get(address) == third, 30, "the address does not move")
        _claim(housemate)
        housemate.unlock(0, 100)
        _claimed_and_not_stolen(cluster, owner, neighbour, thief, second, "moved alone", bystander)
        bystander.unlock(0, 100)

        cluster.ctdb_ok(host, "enable")
        lab.wait_healthy(timeout=60)
        _lock_at_the_start(owner, neighbour, thief)
        host = host_of(cluster, address)
        lab.power_off(host)
        _claimed_and_not_stolen(cluster, owner, neighbour, thief, host, "power cut")
    finally:
        for client in clients:
            client.close()
        lab.client("ip", "addr", "del", f"{SECOND_CLIENT}/24", "dev", "eth0")
        end_nfs(cluster)


@story("my NFSv3 lock was gone when its server moved, and nobody told my client", daemons=["jctdb"])
def nfs3_lock_is_claimed_again(cluster):
    lab = cluster.lab
    if nfs_is_missing(cluster):
        return
    if not os.path.exists("/usr/sbin/rpc.statd"):
        cluster.note("left out: Debian's nfs-common is missing")
        return
    address = lab.public_addresses()[1]
    set_up_nfs(cluster, before=_start_statd)
    monitor_often(cluster)
    ear = nlm.Ear(lab)
    owner, thief = (nlm.Client(lambda port: lab.connect(address, port, timeout=2), name, number)
                    for number, name in enumerate(("owner", "thief"), 1))
    try:
        file = _patiently(lambda: _file_of_version_3(lab, address, "locked-3"))
        for what, move in (("planned move", lambda host: cluster.ctdb_ok(host, "disable")),
                           ("power cut", lab.power_off)):
            _until_status(lambda: owner.lock(file, 0, 100), nlm.GRANTED, "the lock")
            _until_status(lambda: thief.lock(file, 0, 100), nlm.DENIED, "the lock of another client")
            host = host_of(cluster, address)
            # rpc.statd told of the client at once; it is all nodes' knowledge with the next `monitor`.
            cluster.wait_for(lambda: f"statd-state@{address}@" in cluster.ctdb(host, "catdb", "ctdb.tdb").stdout,
                             40, "the database does not know of the client")
            del ear.heard[:]
            began = time.monotonic()
            move(host)
            cluster.wait_for(lambda: any(one[:2] == (address, "files") and one[2] % 2 for one in ear.heard), 40,
                             f"{what}: no notification: {ear.heard}")
            told_s = time.monotonic() - began
            expect_equal(_status_3(lambda: thief.lock(file, 0, 100)), nlm.GRACE, f"{what}: a new lock, status")
            expect_equal(owner.lock(file, 0, 100, reclaim=True), nlm.GRANTED, f"{what}: the lock claimed, status")
            _until_status(lambda: thief.lock(file, 0, 100), nlm.DENIED, f"{what}: the lock of another client")
            expect_equal(owner.unlock(file, 0, 100), nlm.GRANTED, "unlocking, status")
            _until_status(lambda: thief.lock(file, 0, 100), nlm.GRANTED, f"{what}: the lock that was given up")
            thief.unlock(file, 0, 100)
            cluster.note(f"{what}: told by {address} after {told_s:.1f} s; claimed, and not stolen")
            if what == "planned move":
                cluster.ctdb_ok(host, "enable")
                lab.wait_healthy(timeout=60)
    finally:
        ear.close()
        end_nfs(cluster)


def _start_statd(lab, node):
    """Debian's, with our callout, and one name for all nodes."""
    lab._write_etc(node, "nfs.conf.d/cluster.conf", "[statd]\nname = files\nport = 32765\noutgoing-port = 32766\n"
                   "ha-callout = /etc/ctdb/statd-callout\n")
    lab.node(node, "sh", "-ec", """mkdir -p /var/lib/nfs/sm /var/lib/nfs/sm.bak
        # As Debian has it: rpc.statd becomes this user, and its callout with it.
        chown -R statd /var/lib/nfs/sm /var/lib/nfs/sm.bak
        pidof rpc.statd >/dev/null || rpc.statd --no-notify""", check=True)


def _file_of_version_3(lab, address, name):
    def connect(port):
        return lab.connect(address, port, timeout=2)

    rpc = nfs3.connect_nfs(connect)
    try:
        file = nfs3.create(rpc, nfs3.mount(connect, "/share"), name)
    finally:
        rpc.close()
    if not file:
        raise nfs4.Nfs4Error("creation", nfs4.GRACE)
    return file


def _status_3(ask):
    """A server that has just come may not answer yet."""
    end = time.monotonic() + 5
    while True:
        try:
            return ask()
        except OSError as error:
            if time.monotonic() > end:
                raise Failed(str(error)) from error
            time.sleep(0.1)


def _until_status(ask, wanted, what):
    end, status = time.monotonic() + 40, None
    while (status := _status_3(ask)) != wanted:
        expect(time.monotonic() < end, f"{what}: status {status} in place of {wanted}")
        time.sleep(0.2)


SECOND_CLIENT = f"{nslab.PUBLIC_NET}.249"


def _client_of_41(lab, address, name, minor, source=""):
    return nfs41.Client(lambda port: lab.connect(address, port, timeout=2, source=source),
                        f"Linux NFSv4.{minor} {name}", minor)


@contextlib.contextmanager
def _releases_take_their_time(lab, node):
    name = "ctdb/events/legacy/02.patience.script"
    lab._write_etc(node, name, "#!/bin/sh\n[ \"$1\" != releaseip ] || sleep 3\n")
    path = lab.node_path(node, "etc", *name.split("/"))
    os.chmod(path, 0o755)
    try:
        yield
    finally:
        os.unlink(path)


def _all_nodes_wait_before_the_address_moves(cluster, strangers, host, address):
    """Clients of other nodes, which may not even take it, get no new lock, and the address is still there."""
    def refused(client):
        try:
            client.lock(0, 100)
        except nfs4.Nfs4Error as error:
            expect_equal(error.status, nfs4.GRACE, "a lock at another node, status")
            return True
        client.unlock(0, 100)
        return False

    cluster.wait_for(lambda: all(refused(client) for client in strangers), 10,
                     "other nodes go on giving locks while the address moves")
    expect(cluster.lab.node(host, "ip", "addr", "show", "to", address).stdout,
           "the address had left before the other nodes gave no more new locks")
    cluster.note("the other nodes gave no new lock before the address had left")


def _lock_at_the_start(owner, neighbour, thief):
    """Whoever had it before has let go; the server may still be in a grace period."""
    for client, name in ((owner, "locked"), (neighbour, "locked-too")):
        _patiently(client.connect)
        _patiently(lambda: client.open(["share"], name))
        _patiently(lambda: client.lock(0, 100))
    # Its lease would not last through another grace period.
    _patiently(thief.connect)
    _patiently(lambda: thief.open(["share"], "locked"))
    expect_equal(_lock_status(thief), nfs4.DENIED, "the lock of another client")


def _claimed_and_not_stolen(cluster, owner, neighbour, thief, old_host, what, *others):
    """The thief tries first, and all the time until the owner lets go. Others go on with what they have."""
    lab, address, refused = cluster.lab, cluster.lab.public_addresses()[1], []
    ask = next(node for node in lab.nodes if node != old_host)
    cluster.wait_for(lambda: lab.addresses(ask).get(address) not in (old_host, -1), 40,
                     "the address does not move")
    began = time.monotonic()
    while not refused:
        refused += _attempt(thief)
        _renew(*others)
    for client in (owner, neighbour):
        _claim(client)
    claimed_s = time.monotonic() - began
    while nfs4.DENIED not in refused:
        refused += _attempt(thief)
        _renew(owner, neighbour, *others)
        expect(time.monotonic() - began < 60, f"{what}: the grace period does not end: {set(refused)}")
    grace_s = time.monotonic() - began
    expect(nfs4.GRACE in refused, f"{what}: no grace period: {refused}")
    owner.unlock(0, 100)
    neighbour.unlock(0, 100)
    expect_equal(_lock_status(thief), 0, f"{what}: the lock that was given up, status")
    thief.unlock(0, 100)
    cluster.note(f"{what}: lock claimed again {claimed_s:.1f} s after the move; others were told to wait "
                 f"for {grace_s:.1f} s, and then that it is taken")


def _claim(client):
    _patiently(client.connect)
    _patiently(client.reclaim_open)
    _patiently(lambda: client.lock(0, 100, reclaim=True))
    client.claimed_all()


def _renew(*clients):
    for client in clients:
        client.renew()


def _attempt(thief):
    """[the status with which it was refused], [] if it could not ask."""
    time.sleep(0.1)
    try:
        thief.connect()
        thief.open(["share"], "locked")
    except nfs4.Nfs4Error as error:
        return [error.status]
    except OSError:
        return []
    status = _lock_status(thief)
    expect(status != 0, "the lock was stolen")
    return [status]


def _lock_status(client):
    try:
        client.lock(0, 100)
        return 0
    except nfs4.Nfs4Error as error:
        return error.status


def _patiently(act, limit_s=40):
    """Until the server takes it: it may start, or be in a grace period."""
    end = time.monotonic() + limit_s
    while True:
        try:
            return act()
        except nfs4.Nfs4Error as error:
            if error.status not in (nfs4.GRACE, nfs4.DELAY) or time.monotonic() > end:
                raise Failed(str(error)) from error
        except OSError as error:
            if time.monotonic() > end:
                raise Failed(str(error)) from error
        time.sleep(0.2)
