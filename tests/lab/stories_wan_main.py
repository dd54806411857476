"""The main site does not wait for a branch that hangs or cannot be reached, and what is served where meanwhile."""

import base64
import os
import subprocess
import threading
import time

import faults
import nslab
import smb2
from story import RECORDS, STRETCHED, TWO_BRANCHES, Writer, expect, expect_equal, story
from stories_wan import FAR, REMOTE, SITE, Line, wan_report

MAIN = (0, 1, 2)
OURS = "/srv/jctdb/bin/ctdb"
BOUND_S = 1.5  # of an operation that takes 0.1 to 0.6 s alone, on a busy machine; Debian's: 1.6 to 16 s
PATIENCE_S = 5.0  # a branch that is silent for so long is still a member (it is expelled after 8 s)
LIST = "lab_far_list.tdb"


class Hanging:
    """The branch does not answer and is still a member: for a few seconds at a time."""

    def __init__(self, cluster, line):
        self.cluster, self.line, self.since, self.took = cluster, line, None, {}

    def do(self, what, action, after=None):
        """Times the action, and what it must have led to, while the branch is not heard."""
        if self.since is None or time.monotonic() - self.since > PATIENCE_S - BOUND_S:
            self.end()
            self.line.tell("down")
            self.since = time.monotonic()
            time.sleep(0.3)
        begin = time.monotonic()
        action()
        if after is not None:
            self.cluster.wait_for(after, 20, f"{what}: nothing comes of it")
        self.took[what] = time.monotonic() - begin
        states = self.cluster.lab.node_states(0)
        expect(states[REMOTE] <= {"Disconnected", "Inactive", "Unhealthy"}, f"{what}: the branch is {states[REMOTE]}")

    def end(self):
        self.line.tell("up")
        if self.since is not None:
            self.cluster.wait_for(lambda: not self.cluster.lab.node_states(0).get(REMOTE, {"away"}), 60,
                                  "the branch does not come back")
            time.sleep(2)  # heard by all again, and its lease renewed: it shall stay the same member
            self.since = None


@story("somebody cut the branch's line, and here everything that we administer took ages", daemons=["jctdb"],
       layout=STRETCHED)
def main_site_waits_for_nobody_far_away(cluster):
    """Each kind of operation by itself, while a member at the branch cannot be heard."""
    lab = cluster.lab
    cluster.ctdb_ok(0, "attach", RECORDS, "persistent")
    lab.preload(60, LIST, list(MAIN))
    ours = lambda node, *words, **more: lab.node(node, OURS, *words, check=True, **more)  # noqa: E731
    with Line(cluster, FAR) as line:
        hanging = Hanging(cluster, line)
        hanging.do("epoch change", lambda: ours(1, "recover"))  # ends when the leader has another generation
        hanging.do("transaction", lambda: ours(1, "ptrans", RECORDS, input='"far" "away"\n'))
        hanging.do("attach", lambda: ours(1, "attach", "lab_far_new.tdb"))
        hanging.do("traverse", lambda: expect_equal(
            ours(1, "catdb", LIST).stdout.count("key("), 60, "records in the list"))
        hanging.do("broadcast to the active nodes", lambda: ours(1, "setdbsticky", LIST))
        hanging.do("takeover run", lambda: ours(1, "ipreallocate"))
        hanging.do("disable", lambda: ours(1, "-n", "1", "disable"),
                   lambda: 1 not in holders(lab))
        hanging.do("enable", lambda: ours(1, "-n", "1", "enable"),
                   lambda: 1 in holders(lab))
        hanging.do("stop", lambda: ours(0, "-n", "1", "stop"),
                   lambda: 1 not in holders(lab))
        hanging.do("continue", lambda: ours(0, "-n", "1", "continue"),
                   lambda: 1 in holders(lab))
        before = faults.leader(lab)
        other = (before + 1) % 3
        hanging.do("election", lambda: ours(other, "-n", str(before), "setleaderrole", "off"),
                   lambda: leader_by(lab, other) not in (before, None))
        hanging.end()
        ours(before, "setleaderrole", "on")
    cluster.note(", ".join(f"{what} {took:.2f} s" for what, took in hanging.took.items()))
    slow = {what: round(took, 2) for what, took in hanging.took.items() if took > BOUND_S}
    expect(not slow, f"while the branch could not be heard: {slow}")
    servers = lab.node(REMOTE, "ss", "-Hltn", "sport >= :4380 and sport <= :4382").stdout.strip()
    expect_equal(servers, "", "ports of a ZooKeeper server at the branch")


def holders(lab):
    """Of the main site's addresses, as one of its nodes has been told: `ip all` would ask the branch, too."""
    rows = lab.node(0, OURS, "-X", "ip", check=True).stdout.splitlines()[1:]
    return {int(row.strip("|").split("|")[1]) for row in rows}


def leader_by(lab, node):
    done = lab.node(node, OURS, "leader")
    return int(done.stdout) if done.stdout.strip().isdigit() else None


@story("accounts that were made here while the branch was cut off were missing there for ever", daemons=["jctdb"],
       layout=STRETCHED)
def branch_has_what_was_committed_meanwhile(cluster):
    """A node that is no lmaster, and that was away, has every transaction; Debian's keeps what it had."""
    lab = cluster.lab
    with Line(cluster, FAR) as line:
        commit(cluster, 0, "before", "1")
        cluster.wait_for(lambda: committed_at(cluster, REMOTE, "before") == "1", 10, "the branch gets no transactions")
        line.tell("down")
        began = time.monotonic()
        for number in range(20):
            commit(cluster, number % 3, "meanwhile", str(number))
        cluster.note(f"20 transactions while the line was down: {time.monotonic() - began:.1f} s")
        time.sleep(max(0.0, 12 - (time.monotonic() - began)))
        line.tell("up")
        cluster.wait_for(lambda: lab._agree(set(lab.nodes), False), 60, "the branch does not come back")
        expect_equal(committed_at(cluster, REMOTE, "meanwhile"), "19", "what the healthy branch has")
        begin = time.monotonic()
        commit(cluster, REMOTE, "from there", "1")
        cluster.note(f"a transaction at the branch, with the tool that does it: {time.monotonic() - begin:.2f} s")
        expect_equal(committed_at(cluster, 0, "from there"), "1", "what the main site has of it")


def commit(cluster, node, key, value):
    cluster.lab.node(node, OURS, "ptrans", RECORDS, input=f'"{key}" "{value}"\n', check=True)


def committed_at(cluster, node, key):
    done = cluster.lab.node(node, OURS, "pfetch", RECORDS, key)
    return done.stdout.strip().strip('"') if done.returncode == 0 else None


@story("the branch's addresses turned up here, or ours there, and nobody could reach them", daemons=["jctdb"],
       layout=STRETCHED)
def addresses_stay_at_their_site(cluster):
    lab = cluster.lab
    own = set(lab.public_addresses([REMOTE]))
    with Line(cluster, FAR) as line:
        expect(all((host == REMOTE) == (address in own) for address, host in lab.addresses(0).items()),
               f"hosts at first: {lab.addresses(0)}")
        moved = lab.node(0, OURS, "moveip", sorted(own)[0], "0")
        expect(moved.returncode != 0, "the branch's address was moved to the main site")
        line.tell("down")
        time.sleep(12)
        away = lab.addresses(0)
        expect(all(host == -1 for address, host in away.items() if address in own),
               f"the branch is cut off, and its addresses are: {away}")
        expect(set(host for address, host in away.items() if address not in own) <= set(MAIN),
               f"the main site's addresses are: {away}")
        line.tell("up")
        cluster.wait_for(lambda: all((host == REMOTE) == (address in own)
                                     for address, host in lab.addresses(0).items()), 60,
                         "the addresses do not come back")


@story("the line was down, and we at the branch did not know what still works", daemons=["jctdb"], layout=STRETCHED)
def what_each_side_serves_meanwhile(cluster):
    """The table of docs/wan.md: the branch goes on with open files for a while and then with nothing, the main site
    with everything that the branch does not own."""
    lab = cluster.lab
    with Line(cluster, FAR) as line:
        there, here = cluster.client_of(REMOTE), cluster.client_of(0)
        there.make_directory("at-the-branch")
        here.make_directory("at-the-main-site")
        file = there.open("at-the-branch\\open.db")
        here.open("at-the-main-site\\first").close()
        line.tell("down")
        began = time.monotonic()
        waits, count = [], 0
        while time.monotonic() - began < 6:
            begin = time.monotonic()
            file.lock(0, 10)
            file.write(b"goes on")
            file.unlock(0, 10)
            waits.append(time.monotonic() - begin)
            time.sleep(0.2)
        cluster.note(f"the branch, first 6 s: a lock, write and unlock in an open file {max(waits):.3f} s at most")
        expect(max(waits) < 0.5, f"in an open file: {max(waits):.2f} s")
        waits = []
        while time.monotonic() - began < 13:
            begin = time.monotonic()
            here.open(f"at-the-main-site\\{count}").close()
            count += 1
            waits.append(time.monotonic() - begin)
        cluster.note(f"the main site, 6 to 13 s: {count} files made in a directory of its own, "
                     f"{max(waits):.3f} s at most")
        expect(not reachable(cluster, sorted(lab.public_addresses([REMOTE]))[0]),
               "the branch still serves, though the main site may have taken its records")
        line.tell("up")
        cluster.wait_for(lambda: lab._agree(set(lab.nodes), True), 60, "the branch does not come back")
        expect_equal(cluster.client_of(REMOTE).open("at-the-branch\\open.db", how=smb2.OPEN).read(20), b"goes on",
                     "what was written at the branch")


def reachable(cluster, address):
    try:
        cluster.lab.connect(address, timeout=1).close()
        return True
    except OSError:
        return False


@story("a stranger's machine at the branch could talk to our cluster", daemons=["jctdb"], layout=STRETCHED)
def foreign_certificates_get_nowhere(cluster):
    lab = cluster.lab
    tls = os.path.join(lab.node_path(REMOTE), "etc", "ctdb", "tls")
    nodes = os.path.join(lab.node_path(REMOTE), "etc", "ctdb", "nodes")
    kept = {name: read(os.path.join(tls, name)) for name in os.listdir(tls)}
    foreign = os.path.join(lab.directory, "foreign-tls")
    if not os.path.exists(foreign):
        subprocess.run([nslab.PRODUCT + "/bin/jctdb-tls", foreign, nodes], check=True, stdout=subprocess.DEVNULL)
    others = os.path.join(lab.directory, "tls", f"{nslab.PRIVATE_NET}.2")
    own = os.path.join(foreign, f"{nslab.PRIVATE_NET}.{REMOTE + 1}")
    try:
        for who, files in (("of another authority", {"node.pem": own, "node.key": own, "ca.pem": foreign}),
                           ("of another node", {"node.pem": others, "node.key": others})):
            end_daemon(cluster)
            for name, folder in files.items():
                write(os.path.join(tls, name), read(os.path.join(folder, name)))
            for name in set(kept) - set(files):
                write(os.path.join(tls, name), kept[name])
            lab.start_daemon(REMOTE)
            cluster.wait_for(lambda: any(word in wan_report(cluster, 0)[REMOTE]["Problem"] for word in
                                         ("TLS", "certificate")), 30, f"nothing tells of a certificate {who}")
            time.sleep(2)
            link = wan_report(cluster, 0)[REMOTE]
            expect_equal(link["Up"], "0", f"the link to a node with a certificate {who}")
            expect(not lab.node_states(0)[REMOTE] <= {"Unhealthy"}, f"a node with a certificate {who} is a member")
            cluster.note(f"a certificate {who}: {link['Problem'][:150]}")
    finally:
        end_daemon(cluster)
        for name, text in kept.items():
            write(os.path.join(tls, name), text)
    cluster.revive(REMOTE)
    lab.wait_healthy(show=False, timeout=60)


def end_daemon(cluster):
    """At once: a node that nobody lets in need not go in good order."""
    cluster.lab.node(REMOTE, "killall", "-q", "-9", "jctdb-launcher", "java")
    cluster.wait_for(lambda: not cluster.answers(REMOTE), 20, "the daemon at the branch does not end")


def noise(count):
    """Text of so many random bytes; `ptrans` would read one that begins with 0x as hexadecimal."""
    return "~" + base64.b64encode(os.urandom(count)).decode()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


@story("the branch's line was full of our traffic, though we had said how much of it is ours", daemons=["jctdb"],
       layout=STRETCHED)
def bandwidth_limit_is_kept(cluster):
    """The branch sends 0.6 MB that hardly shrink; on the line there is no more than 1 Mbit/s."""
    lab = cluster.lab
    conf = os.path.join(lab.node_path(REMOTE), "etc", "ctdb", "ctdb.conf")
    kept = read(conf)
    end_daemon(cluster)
    write(conf, kept + b"  wan bandwidth kbit = 1000\n")
    try:
        cluster.revive(REMOTE)
        lab.wait_healthy(show=False, timeout=60)
        cluster.ctdb_ok(0, "attach", RECORDS, "persistent")
        with Line(cluster, "delay_ms 30") as line:
            time.sleep(1)
            line.tell("clear")
            begin = time.monotonic()
            for number in range(4):
                changes = "".join(f'"big{number}-{line}" "{noise(600)}"\n' for line in range(250))
                lab.node(REMOTE, OURS, "ptrans", RECORDS, input=changes, check=True, timeout=60)
            took = time.monotonic() - begin
            sent = line.tell("show")["to-main"]["bytes"]
            rate = 8 * sent / took / 1000
            cluster.note(f"{sent / 1e6:.2f} MB in {took:.1f} s: {rate:.0f} kbit/s on the line, headers and TLS included, "
                         "of 1000 allowed without them")
            expect(rate < 1_200, f"{rate:.0f} kbit/s")
            expect(rate > 400, f"only {rate:.0f} kbit/s")
    finally:
        end_daemon(cluster)
        write(conf, kept)
        cluster.revive(REMOTE)


@story("our line loses packets now and then, and the branch stands still", daemons=["jctdb"], layout=STRETCHED)
def lossy_line_is_usable(cluster):
    """2 % lost each way, 50 ms and up to 10 ms more or less."""
    lab = cluster.lab
    before = wan_report(cluster, 0)[REMOTE]["TimesLost"]
    with Line(cluster, "delay_ms 50 jitter_ms 10 loss_percent 2"):
        client = cluster.client_of(REMOTE)
        client.make_directory("lossy")
        times = []
        for number in range(12):
            begin = time.monotonic()
            file = client.open(f"lossy\\{number}")
            file.write(b"x")
            file.close()
            times.append(time.monotonic() - begin)
        times.sort()
        cluster.note(f"a file made at the branch: {times[6]:.2f} s (median), {times[-1]:.2f} s at most; "
                     f"loss shown: {int(wan_report(cluster, 0)[REMOTE]['LossPerMillion']) / 1e4:.1f} %")
        expect(times[-1] < 8, f"one took {times[-1]:.1f} s")
    expect_equal(wan_report(cluster, 0)[REMOTE]["TimesLost"], before, "the link was lost")
    expect_equal(lab.node_states(0)[REMOTE], set(), "states of the branch")


@story("I could not see which node is where", daemons=["jctdb"], layout=STRETCHED)
def sites_are_shown(cluster):
    for node in (0, REMOTE):
        text = cluster.lab.node(node, OURS, "status", check=True).stdout
        expect("Site:main nodes:0,1,2\nSite:branch nodes:3 (REMOTE)\n" in text, f"node {node} shows: {text}")
    rows = cluster.lab.node(0, OURS, "-X", "status", check=True).stdout
    expect("branch" not in rows, "the table for scripts has changed")


@story("at the branch every second change of an account was refused while they worked here, too", daemons=["jctdb"],
       layout=STRETCHED)
def lock_comes_behind_the_commits(cluster):
    """Both sites change one persistent database in turns, under the lock that is a record. What is committed here goes
    slowly over a narrow line, in the sequencer's queue; the lock comes from another node, past it."""
    lab = cluster.lab
    cluster.ctdb_ok(0, "attach", RECORDS, "persistent")
    refused_here, times, ended = [], {0: [], 1: [], 2: [], REMOTE: []}, time.monotonic() + 25
    with Line(cluster, FAR + "; rate_mbit 2"):
        def change(node):
            number = 0
            while time.monotonic() < ended:
                size = 200 if node == REMOTE else 30_000
                begin = time.monotonic()
                done = lab.node(node, OURS, "ptrans", RECORDS, input=f'"turn {node}" "{number} {noise(size)}"\n',
                                timeout=60)
                times[node].append(time.monotonic() - begin)
                number += 1
                if done.returncode != 0:
                    refused_here.append(f"node {node}: {(done.stdout + done.stderr).strip()[-200:]}")
        changers = [threading.Thread(target=change, args=(node,)) for node in times]
        for one in changers:
            one.start()
        for one in changers:
            one.join()
        behind = metric(cluster, REMOTE, "jctdb_locks_behind_commits_total")
    cluster.note("; ".join(f"node {node}: {len(took)} transactions, {sorted(took)[len(took) // 2]:.2f} s (median), "
                           f"{max(took):.2f} s at most" for node, took in times.items())
                 + f"; the lock waited at the branch for what had been committed: {behind} times")
    expect_equal(refused_here, [], "refused")
    expect(len(times[REMOTE]) >= 3, "the branch hardly had a turn")


def metric(cluster, node, name):
    page = cluster.lab.node(node, "python3", "-c", "import urllib.request as web;"
                            f"print(web.urlopen('http://{nslab.METRICS}/metrics').read().decode())", check=True).stdout
    return next(int(float(line.split()[-1])) for line in page.splitlines() if line.startswith(name))


@story("all of the main site was started anew at once, and since then each new file waited for the branch",
       daemons=["jctdb"], layout=STRETCHED)
def main_site_starts_anew_beside_a_branch(cluster):
    """The branch may go on as the member that it is: then it alone knows what it has, and tells it."""
    database, known = "lab_far_notes.tdb", "jctdb_remote_notes_complete"
    cluster.ctdb_ok(REMOTE, "attach", database)
    with Line(cluster, FAR):
        cluster.ctdb_ok(REMOTE, "writekey", database, "kept", "of the branch")
        fenced = metric(cluster, REMOTE, "jctdb_fenced_total")
        for node in MAIN:
            faults.kill(cluster.lab, node)
        cluster.mend(show=False)
        went_on = metric(cluster, REMOTE, "jctdb_fenced_total") == fenced
        began = time.monotonic()
        cluster.wait_for(lambda: all(metric(cluster, node, known) == 1 for node in MAIN), 30,
                         "the main site does not learn what the branch has")
        cluster.note(f"the branch {'went on' if went_on else 'began anew, too'}; all was known "
                     f"{time.monotonic() - began:.1f} s after all were healthy")
        if went_on:
            cluster.ctdb_ok(0, "attach", database)
            expect_equal(cluster.ctdb_ok(0, "readkey", database, "kept").strip(), "Data: size:13 ptr:[of the branch]",
                         "what the branch had written")


@story("the line hung, I asked what is going on, and the answer took as long as the hang", daemons=["jctdb"],
       layout=STRETCHED)
def questions_do_not_wait_for_the_line(cluster):
    """Our own tool and Debian's, in the seconds in which the branch is silent and its link still up."""
    lab = cluster.lab
    took = {}

    def ask(what, *words, within):
        begin = time.monotonic()
        done = lab.node(0, *words)
        took[what] = time.monotonic() - begin
        cluster.note(f"{what}: {took[what]:.2f} s, exit code {done.returncode} {done.stderr.strip()[:150]}")
        expect(took[what] <= within, f"{what} took {took[what]:.2f} s")
        return done

    with Line(cluster, FAR) as line:
        time.sleep(1)
        line.tell("down")
        # Silence is told from a pause after two pings and three round trips, 1.6 s; from then on at once.
        status = ask("status", OURS, "status", within=3)
        expect("pnn:3" in status.stdout and status.returncode == 0, f"status says {status.stdout}")
        addresses = ask("ip all", OURS, "ip", "all", within=1)
        expect(all(address in addresses.stdout for address in lab.public_addresses(list(MAIN))),
               f"ip all says {addresses.stdout} {addresses.stderr}")
        expect(addresses.returncode == 1 and "GET_PUBLIC_IPS failed" in addresses.stderr,
               f"ip all does not say that it could not ask all: {addresses.returncode}, {addresses.stderr}")
        ask("Debian's status", "ctdb", "status", within=1)
        expect(lab.node_states(0).get(REMOTE, set()) <= {"Unhealthy"}, "the link was down before all was asked")


@story("the line to one branch broke, and the other branch felt it", daemons=["jctdb"], layout=TWO_BRANCHES)
def two_branches(cluster):
    """One at 50, one at 100 ms each way. They share files; an outage of one's line is its own."""
    lab = cluster.lab
    branch, island = (lab.site_nodes(site)[0] for site in ("branch", "island"))
    text = lab.node(0, OURS, "status", check=True).stdout
    expect("Site:branch nodes:3 (REMOTE)\nSite:island nodes:4 (REMOTE)\n" in text, f"status shows: {text}")
    with Line(cluster, "delay_ms 50") as line:
        try:
            lab.wan("island", "delay_ms 100")
            cluster.ctdb_ok(0, "attach", RECORDS, "persistent")
            one, other = cluster.client_of(branch), cluster.client_of(island)
            one.make_directory("shared")
            for number, (mine, yours) in enumerate(((one, other), (other, one))):
                file = mine.open(f"shared\\{number}.txt")
                file.write(b"from there")
                begin = time.monotonic()
                file.close()
                copy = yours.open(f"shared\\{number}.txt", how=smb2.OPEN)
                expect_equal(copy.read(100), b"from there", "what the other branch reads")
                cluster.note(f"closed at one branch until read at the other: {time.monotonic() - begin:.2f} s")
                copy.close()
            for number, node in enumerate((branch, island, branch, island)):
                begin = time.monotonic()
                commit(cluster, node, "turn", str(number))
                cluster.note(f"a transaction at node {node}: {time.monotonic() - begin:.2f} s")
                cluster.wait_for(lambda: all(committed_at(cluster, at, "turn") == str(number) for at in (0, branch, island)),
                                 10, "the transaction is not everywhere")  # noqa: B023
            other.make_directory("own")
            mine = Writer(cluster, cluster.address_of(island), "island")
            mine.start()
            cluster.wait_for(lambda: mine.saved_since(3), 60, "nothing is saved at the island")
            mine.longest_gap_s = 0.0
            time.sleep(6)
            usual, mine.longest_gap_s = mine.longest_gap_s, 0.0
            line.tell("down")
            began = time.monotonic()
            for number in range(4):
                commit(cluster, (0, island)[number % 2], "meanwhile", str(number))
            time.sleep(max(0.0, 12 - (time.monotonic() - began)))
            broken = mine.longest_gap_s
            states = lab.node_states(0)
            line.tell("up")
            cluster.wait_for(lambda: lab._agree(set(lab.nodes), True), 60, "the branch does not come back")
            mine.finish()
            cluster.note(f"the island saves a file in {usual:.2f} s at most; while the branch's line was down, "
                         f"{broken:.2f} s")
            expect_equal(states[island], set(), "states of the island meanwhile")
            expect("Disconnected" in states[branch], f"states of the branch: {states[branch]}")
            expect(broken <= 2 * usual + 1, "the island felt the branch's outage")
            cluster.wait_for(lambda: committed_at(cluster, branch, "meanwhile") == "3", 10,
                             "the branch lacks what was committed meanwhile")
        finally:
            lab.wan("island", "up; delay_ms 0")


@story("I moved a node to the branch, and half of what I typed had no effect", daemons=["jctdb"], layout=STRETCHED)
def node_is_moved_to_another_site(cluster):
    """The branch's node goes to an island and back, by one command at the main site each."""
    lab = cluster.lab
    moved = lambda *words: lab.node(0, OURS, "-n", *words)  # noqa: E731
    conf = os.path.join(lab.node_path(REMOTE), "etc", "ctdb", "ctdb.conf")
    kept = read(conf)
    for node, site, why in (("1", "branch", "ZooKeeper server"), (str(REMOTE), "no good", "cannot be the name")):
        done = moved(node, "setsite", site)
        expect(done.returncode != 0 and why in done.stderr, f"node {node} to {site}: {done.stdout} {done.stderr}")
    expect_equal(read(conf), kept, "the file after what was refused")
    for site in ("island", SITE):
        begin = time.monotonic()
        done = moved(str(REMOTE), "setsite", site, "restart")
        expect_equal(done.returncode, 0, f"setsite ({(done.stdout + done.stderr).strip()}), exit code")
        expect(f"site = {site}" in read(conf).decode(), "the file does not say so")
        cluster.wait_for(lambda: wan_report(cluster, 0)[REMOTE]["Site"] == site, 60, "the node is not there")  # noqa: B023
        lab.wait_healthy(show=False, timeout=60)
        text = lab.node(0, OURS, "status", check=True).stdout
        expect(f"Site:main nodes:0,1,2\nSite:{site} nodes:{REMOTE} (REMOTE)\n" in text, f"status shows: {text}")
        cluster.note(f"healthy at the site {site} after {time.monotonic() - begin:.1f} s")
    expect_equal(read(conf), kept, "the file in the end")
