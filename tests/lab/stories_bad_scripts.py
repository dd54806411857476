"""Event scripts and options with mistakes: the node says which and where, and is as healthy as with ctdb."""

import os
import re

from service_faults import monitor_often
from stories_bad_input import _changed_file, _stopped
from story import expect, expect_equal, story

NODE = 1
BAD = "99.bad"


@story("an event script hung, and nobody could say what it was waiting for", daemons=["jctdb"])
def script_that_hangs(cluster):
    lab = cluster.lab
    with _stopped(cluster, NODE), _changed_file(
            lab, NODE, "ctdb/ctdb.conf",
            lambda text: text + "[event]\n  debug script = debug-hung-script.sh\n"):
        cluster.revive(NODE)
        lab.wait_healthy(timeout=60)
        already = len(lab.log(NODE))
        with _script(lab, "sleep 3600 &\nexec sleep 3601\n"):
            run = cluster.ctdb(NODE, "event", "run", "3", "legacy", "ipreallocated")
            expect_equal(run.returncode, 46, "ETIMEDOUT, less the tool's 64; exit code")
            _expect_state(cluster, "ipreallocated", "TIMEDOUT")
            # The whole process group goes, and the debug script has had its look before.
            cluster.wait_for(lambda: not _processes(lab, "sleep 360"), 20,
                             "what the script had started goes on")
            said = lab.log(NODE)[already:]
            expect(re.search(rf"{BAD}: event ipreallocated timed out", said), f"not in the log: {said}")
            expect("event_debug: " in said and "sleep" in said,
                   f"the log does not show what it was waiting for: {said[-2000:]}")
        _still_serves(cluster)
        cluster.ctdb_ok(NODE, "shutdown")


@story("a chatty or a strange script took the server down", daemons=["jctdb"])
def scripts_that_behave_oddly(cluster):
    lab = cluster.lab
    size = len(lab.log(NODE))
    # The node's own monitor events are not meant.
    only = '[ "$1" = probe ] || exit 0\n'
    with _script(lab, only + "yes 'a flood of words' | head -c 50000000\n"):
        _expect_run(cluster, 0, "OK")
    expect(len(lab.log(NODE)) - size < 1 << 20, "the log is flooded")
    for exit_status, answer, state in (
            (3, 8, "ERROR"), (64, 0, "OK"), (77, 0, "DISABLED"), (127, 8, "CANNOT"),
            (174, 46, "TIMEDOUT")):
        with _script(lab, only + f"exit {exit_status}\n"):
            _expect_run(cluster, answer, state)
    with _script(lab, "exit 1\n", mode=0o644):
        _expect_run(cluster, 0, "DISABLED")
    with _script(lab, "exit 1\n", first_line=""):
        _expect_run(cluster, 0, "DISABLED")  # the kernel does not know what to do with it
    with _script(lab, "exit 0\n", first_line="#!/no/such/shell\n"):
        _expect_run(cluster, 8, "CANNOT")
    with _script(lab, only + 'kill -SEGV "$$"\n'):
        _expect_run(cluster, 8, "CANNOT")
    _still_serves(cluster)


@story("one typing error in a script and I had to guess where it was", daemons=["jctdb"])
def script_with_a_syntax_error(cluster):
    lab = cluster.lab
    monitor_often(cluster, NODE)
    with _script(lab, "if true; then\n  echo unfinished\n"):
        cluster.wait_for(lambda: "Unhealthy" in lab.node_states(0).get(NODE, set()), 60,
                         "a monitor event that fails leaves the node healthy")
        said = cluster.ctdb(NODE, "scriptstatus").stdout
        expect(re.search(rf"{BAD}\S*: \d+: Syntax error", said), f"file and line are not shown: {said}")
        expect(re.search(rf"{BAD}\S*: \d+: Syntax error", lab.log(NODE)), "nor are they in the log")
    lab.wait_healthy(timeout=60)


@story("a misspelt option was ignored without a word", daemons=["jctdb"])
def options_with_bad_values(cluster):
    lab = cluster.lab
    options = "ctdb/script.options"
    with _changed_file(lab, NODE, options, lambda text: text + 'CTDB_MONITOR_MEMORY_USAGE="lots"\n'):
        line = _lines(lab, options)
        already = len(lab.log(NODE))
        cluster.ctdb_ok(NODE, "event", "run", "30", "legacy", "monitor")
        cluster.wait_for(lambda: f"script.options:{line}: CTDB_MONITOR_MEMORY_USAGE=\"lots\""
                         in lab.log(NODE)[already:], 10, "the option's place is not in the log: "
                         + lab.log(NODE)[already:])
    with _changed_file(lab, NODE, options, lambda text: text + 'CTDB_SAMBA_CHECK_PORTS="445\n'):
        run = cluster.ctdb(NODE, "event", "run", "30", "legacy", "monitor")
        expect_equal(run.returncode, 8, "a file that is no shell text; exit code")
        said = cluster.ctdb(NODE, "event", "status", "legacy", "monitor").stdout
        # Debian's shell: the line, then the file that was read there.
        # Debian's shell names the script, the line, and then the file that was read there.
        expect(re.search(rf"{_lines(lab, options) + 1}: /etc/ctdb/script\.options: Syntax error", said),
               f"file and line: {said}")
    cluster.ctdb_ok(NODE, "event", "run", "30", "legacy", "monitor")
    lab.wait_healthy(timeout=60)


@story("`systemctl stop` left the server's addresses and smbd behind", daemons=["jctdb"])
def sigterm_is_a_clean_shutdown(cluster):
    lab = cluster.lab
    lab.node(NODE, "kill", "-TERM", str(lab.daemon_pid(NODE)), check=True)
    cluster.wait_for(lambda: not cluster.answers(NODE) and not lab.has_launcher(NODE), 30,
                     "the daemon does not end, or is started again")
    expect_equal(_processes(lab, "smbd"), [], "smbd, which the `shutdown` event stops")
    expect_equal(lab.node(NODE, "ip", "-4", "-o", "addr", "show", "dev", "eth1").stdout, "",
                 "what is left on the public interface")
    cluster.wait_for(lambda: set(lab.addresses(0).values()) == {0, 2}, 30, "addresses are not served")


class _script:
    """The node has this script, after all others, inside the block."""

    def __init__(self, lab, text, first_line="#!/bin/sh\n", mode=0o755):
        self.text, self.mode = first_line + text, mode
        self.path = lab.node_path(NODE, "etc", "ctdb", "events", "legacy", BAD + ".script")

    def __enter__(self):
        with open(self.path, "w") as file:
            file.write(self.text)
        os.chmod(self.path, self.mode)

    def __exit__(self, *_):
        os.unlink(self.path)


def _expect_run(cluster, answer, state):
    run = cluster.ctdb(NODE, "event", "run", "60", "legacy", "probe")
    expect_equal(run.returncode, answer, f"a script that ends as {state}: exit code of the event")
    _expect_state(cluster, "probe", state)


def _expect_state(cluster, event, state):
    said = cluster.ctdb(NODE, "event", "status", "legacy", event).stdout
    found = [line.split()[1] for line in said.splitlines() if line.startswith(BAD)]
    expect_equal(found, [state], f"state of {BAD} in: {said}")


def _processes(lab, words):
    return lab.node(NODE, "pgrep", "-f", words).stdout.split()


def _lines(lab, name):
    with open(lab.node_path(NODE, "etc", name)) as file:
        return len(file.readlines())


def _still_serves(cluster):
    cluster.wait_for(lambda: cluster.lab.node_states(0).get(NODE) == set(), 40,
                     f"the node's flags: {cluster.lab.node_states(0)}")
    cluster.client_of(NODE).open("after-bad-scripts.txt").write(b"fine")
