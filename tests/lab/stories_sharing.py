"""One share, three servers: the people on them must not notice that there is more than one."""

import os
import re
import threading

import nslab
import smb2
from story import Failed, copy_of, counted, expect, expect_equal, refused, story


@story("I saved the report through one server, my colleague cannot read it through the other")
def write_here_read_there(cluster):
    writer, reader = cluster.client_of(0), cluster.client_of(1)
    text = os.urandom(50_000)
    file = writer.open("report.bin")
    file.write(text)
    file.close()
    expect_equal(reader.open("report.bin", how=smb2.OPEN).read(60_000), text, "what node 1 reads")
    done = cluster.smbclient(2, "get report.bin /tmp/report.copy")
    expect_equal(done.returncode, 0, "smbclient through node 2: " + done.stdout + done.stderr)


@story("two of us edited the same spreadsheet at once, and one lost all changes")
def share_modes(cluster):
    mine, yours = cluster.client_of(0), cluster.client_of(1)
    sheet = mine.open("budget.ods", share=smb2.SHARE_READ)
    with refused("SHARING_VIOLATION", "opening for writing what somebody edits on another node"):
        yours.open("budget.ods", how=smb2.OPEN)
    yours.open("budget.ods", access=smb2.READ_DATA, how=smb2.OPEN).close()
    sheet.close()
    yours.open("budget.ods", how=smb2.OPEN).close()


@story("somebody deleted the file that I had open")
def delete_while_open(cluster):
    mine, yours = cluster.client_of(2), cluster.client_of(0)
    held = mine.open("contract.odt", share=smb2.SHARE_READ | smb2.SHARE_WRITE)
    with refused("SHARING_VIOLATION", "deleting what somebody has open on another node"):
        yours.open("contract.odt", access=smb2.DELETE, how=smb2.OPEN)
    held.close()
    yours.open("contract.odt", access=smb2.DELETE, how=smb2.OPEN).close()


@story("two programs locked the same bytes of the database, each believed to be alone")
def byte_range_locks(cluster):
    one, other = cluster.client_of(0).open("data.mdb"), cluster.client_of(2).open("data.mdb")
    one.lock(100, 50)
    with refused("LOCK_NOT_GRANTED", "an overlapping lock on another node"):
        other.lock(149, 10)
    other.lock(150, 10)
    with refused("FILE_LOCK_CONFLICT", "writing into a range locked on another node"):
        other.write(b"x", 120)
    with refused("FILE_LOCK_CONFLICT", "reading a range locked exclusively on another node"):
        other.read(1, 120)
    one.unlock(100, 50)
    other.lock(149, 1)


@story("my program waits for a lock for ever, though the other server has long released it")
def waiting_lock(cluster):
    holder, waiter = cluster.client_of(0).open("queue.db"), cluster.client_of(1).open("queue.db")
    holder.lock(0, 10)
    waiting = waiter.lock(0, 10, wait=True)
    expect(not cluster.lab.until(waiting.answered, 0.5), "the lock was granted while held")
    holder.unlock(0, 10)
    waiting.result(timeout=10)


@story("shared readers on two servers lock each other out")
def shared_locks(cluster):
    one, other = cluster.client_of(0).open("read.db"), cluster.client_of(1).open("read.db")
    one.lock(0, 10, exclusive=False)
    other.lock(0, 10, exclusive=False)
    with refused("LOCK_NOT_GRANTED", "an exclusive lock over a reader on another node"):
        cluster.client_of(2).open("read.db").lock(5, 1)


@story("my colleague opened the file and did not see what I had just typed (oplock)")
def oplock_break(cluster):
    mine, yours = cluster.client_of(0), cluster.client_of(1)
    cached = mine.open("notes.txt", oplock=smb2.OPLOCK_BATCH)
    expect_equal(cached.oplock, smb2.OPLOCK_BATCH, "the oplock granted to the only opener")
    opening = yours.open("notes.txt", wait=False)
    news = mine.next_break()
    expect(news is not None, "node 0 was not told that node 1 opens the file")
    expect(not opening.answered(), "node 1 opened the file before node 0 had written back")
    cached.write(b"typed but not yet saved")
    cached.acknowledge_oplock(news["level"])
    expect_equal(opening.result().read(100), b"typed but not yet saved", "what node 1 reads")


@story("my colleague opened the file and did not see what I had just typed (lease)")
def lease_break(cluster):
    mine, yours = cluster.client_of(2), cluster.client_of(1)
    key = os.urandom(16)
    full = smb2.LEASE_READ | smb2.LEASE_HANDLE | smb2.LEASE_WRITE
    cached = mine.open("letter.txt", lease_key=key, lease=full)
    expect_equal(cached.lease, full, "the lease granted to the only opener")
    opening = yours.open("letter.txt", wait=False)
    news = mine.next_break()
    expect(news is not None and news["kind"] == "lease", f"no lease break came: {news}")
    expect_equal(news["key"], key, "the key of the broken lease")
    expect(not news["to"] & smb2.LEASE_WRITE, "the write lease was left in place")
    cached.write(b"from the cache")
    mine.acknowledge_lease(key, news["to"])
    expect_equal(opening.result().read(100), b"from the cache", "what node 1 reads")


@story("I saw an old copy of a file that others had changed on another server")
def read_cache_is_dropped(cluster):
    reader, writer = cluster.client_of(0), cluster.client_of(1)
    cached = reader.open("price.txt", oplock=smb2.OPLOCK_II)
    expect_equal(cached.oplock, smb2.OPLOCK_II, "the level II oplock")
    writer.open("price.txt").write(b"42")
    news = reader.next_break()
    expect(news is not None and news["level"] == smb2.OPLOCK_NONE,
           f"the reader on node 0 was not told of a write on node 1: {news}")


@story("our ticket counter skipped and repeated numbers when three servers used it")
def counter_under_locks(cluster):
    rounds, nodes = 60, len(cluster.lab.nodes)
    cluster.client_of(0).open("counter").write(b"%010d" % 0)
    problems = []

    def count(node):
        try:
            file = cluster.client_of(node).open("counter")
            for _ in range(rounds):
                file.lock(0, 10, wait=True).result(timeout=30)
                file.write(b"%010d" % (int(file.read(10)) + 1))
                file.unlock(0, 10)
        except Exception as error:  # reported by the story's own thread
            problems.append(f"node {node}: {error!r}")

    threads = [threading.Thread(target=count, args=(node,)) for node in cluster.lab.nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not problems, "; ".join(problems))
    expect_equal(int(cluster.client_of(0).open("counter").read(10)), rounds * nodes, "the counter")


@story("smbstatus shows only the users of the server I ask")
def smbstatus_everywhere(cluster):
    held = [cluster.client_of(node).open(f"held-{node}.txt") for node in cluster.lab.nodes]
    held[0].lock(0, 10)
    for ask in cluster.lab.nodes:
        text = cluster.lab.node(ask, "smbstatus").stdout
        for node in cluster.lab.nodes:
            expect(f"held-{node}.txt" in text,
                   f"smbstatus on node {ask} misses the file open on node {node}:\n{text}")
        sessions = [line for line in text.splitlines()
                    if nslab.USER in line and nslab.CLIENT_ADDRESS in line]
        expect(len(sessions) >= 3, f"smbstatus on node {ask} lists {len(sessions)} sessions")
        locks = cluster.lab.node(ask, "smbstatus", "-B").stdout
        expect("held-0.txt" in locks or "  W  " in locks or " W " in locks,
               f"smbstatus -B on node {ask} misses the byte-range lock of node 0:\n{locks}")


@story("smbtorture finds differences between two servers and one")
def smbtorture_two_servers(cluster):
    """Debian's own test suite, its connections spread over two nodes by --unclist."""
    addresses = [cluster.address_of(node) for node in (0, 1)]
    cluster.lab.client("sh", "-c", "cat > /run/unclist", check=True,
                       input="".join(f"//{address}/{nslab.SHARE}\n" for address in addresses))
    failed = []
    for test in ("base.denydos", "base.ntdeny1", "base.unlink", "raw.lock.multilock",
                 "raw.oplock.exclusive1", "raw.oplock.batch1", "raw.oplock.level_ii_1"):
        done = cluster.lab.client(
            "smbtorture", f"//{addresses[0]}/{nslab.SHARE}", "-U",
            f"{nslab.USER}%{nslab.PASSWORD}", "--unclist=/run/unclist", test, timeout=60)
        if done.returncode != 0:
            failed.append(f"{test}: {(done.stdout + done.stderr).strip()[-400:]}")
    if failed:
        raise Failed("\n".join(failed))


@story("what all servers read and nobody writes wanders from one to the other all day")
def read_only_copies(cluster):
    """Delegations: whoever reads gets a copy, the record stays, and whoever writes takes all copies back."""
    database, key, nodes = "lab_readonly.tdb", "popular", cluster.lab.nodes
    cluster.ctdb_ok(0, "attach", database, "readonly")
    for node in nodes:
        expect("READONLY: yes" in cluster.ctdb_ok(node, "getdbstatus", database),
               f"node {node} does not know the property")
    cluster.ctdb_ok(1, "writekey", database, key, "first")
    rsn, _, _ = copy_of(cluster, 1, database, key)
    given, revoked = (counted(cluster, 1, database, what) for what in ("db_ro_delegations", "db_ro_revokes"))
    for _ in range(3):
        for node in nodes:
            expect_equal(cluster.ctdb_ok(node, "readkey", database, key, "readonly").strip(),
                         "Data: size:5 ptr:[first]", f"what node {node} reads")
    expect_equal(copy_of(cluster, 1, database, key), (rsn + 3, 1, ["RO_HAVE_DELEGATIONS"]),
                 "the owner's copy")
    for node in (0, 2):
        expect_equal(copy_of(cluster, node, database, key), (rsn + 1, 1, ["RO_HAVE_READONLY"]),
                     f"the copy of node {node}")
    expect_equal(counted(cluster, 1, database, "db_ro_delegations") - given, 2, "delegations of node 1")

    cluster.ctdb_ok(1, "writekey", database, key, "second")
    for node in nodes:
        _, dmaster, flags = copy_of(cluster, node, database, key)
        expect(dmaster == 1 and not [flag for flag in flags if flag.startswith("RO_")],
               f"after a write by its owner node {node} has {dmaster}, {flags}")
    expect_equal(counted(cluster, 1, database, "db_ro_revokes") - revoked, 1, "revokes of node 1")
    for writer in (2, 0):
        for node in nodes:
            cluster.ctdb_ok(node, "readkey", database, key, "readonly")
        cluster.ctdb_ok(writer, "writekey", database, key, f"by node {writer}")
        for node in nodes:
            expect_equal(cluster.ctdb_ok(node, "readkey", database, key, "readonly").strip(),
                         f"Data: size:9 ptr:[by node {writer}]", f"what node {node} reads")


@story("with dbwrap_optimize_readonly in smb.conf files cannot be opened any more")
def optimized_for_readers(cluster):
    """All of smbd's databases, on two nodes."""
    lab, nodes = cluster.lab, (0, 1)
    option = "/clustering = yes/a dbwrap_optimize_readonly:* = yes"
    before = {node: delegations(cluster, node) for node in nodes}
    try:
        for node in nodes:
            lab.node(node, "sed", "-i", option, "/etc/samba/smb.conf", check=True)
            lab.node(node, "service", "smbd", "restart", check=True)
        lab.wait_healthy(show=False, timeout=60)
        one, other = (cluster.client_of(node) for node in nodes)
        for number in range(20):
            mine = one.open(f"popular-{number}.txt")
            mine.write(b"first")
            mine.lock(0, 10, exclusive=False)
            yours = other.open(f"popular-{number}.txt", how=smb2.OPEN)
            expect_equal(yours.read(10), b"first", "what the other node reads")
            yours.lock(0, 10, exclusive=False)
            mine.unlock(0, 10)
            yours.unlock(0, 10)
            yours.write(b"other")
            expect_equal(mine.read(10), b"other", "what the first node reads")
            mine.close()
            yours.close()
        smbtorture_two_servers(cluster)
        given = {node: delegations(cluster, node) - before[node] for node in nodes}
        cluster.note(f"read-only copies that smbd asked for: {given}")
    finally:
        for node in nodes:
            lab.node(node, "sed", "-i", "/dbwrap_optimize_readonly/d", "/etc/samba/smb.conf")
            lab.node(node, "service", "smbd", "restart")
        lab.wait_healthy(show=False, timeout=60)


def delegations(cluster, node):
    """Of all databases."""
    return int(re.search(r"total_ro_delegations\s+(\d+)", cluster.ctdb_ok(node, "statistics"))[1])
