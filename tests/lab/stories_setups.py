"""The worked set-ups of docs/setups.md, from the files of conf/examples, and what they do when a server
fails."""

import os

import nslab
import setups
from service_clients import BlockWriter, DocumentWriter, ExportWatch, FileWriter
from service_faults import expect_nothing_lost, goes_on, host_of, monitor_often
from story import expect, story
from stories_services import nfs_is_missing

SOMEBODY = (nslab.USER_ID, 100)  # the user, and the group `users`
MAIL_DISK = "iqn.2026-01.org.example:mail"
MAIL_CHAP = ("mailserver", "change-me-now-1")


@story("I set the file server up as the documentation says, and it did not work", daemons=["jctdb"])
def file_server_as_documented(cluster):
    lab = cluster.lab
    if nfs_is_missing(cluster):
        return
    with setups.brought_up_from(cluster, "file-server"):
        _expect_scripts_ran(cluster, "50.samba", "60.nfs")
        _one_file_over_both_protocols(cluster)
        with _file_clients(cluster, lab.public_addresses()[1]) as clients:
            clients.start_of_gap()
            lab.power_off(host_of(cluster, clients.address))
            clients.go_on("power cut")


@story("I set the mail server's disk up as the documentation says, and it did not work",
       daemons=["jctdb"])
def mail_server_as_documented(cluster):
    lab = cluster.lab
    if nfs_is_missing(cluster):
        return
    address = nslab.PUBLIC_NET + ".111"
    with setups.brought_up_from(cluster, "mail-server"):
        _expect_scripts_ran(cluster, "50.samba", "60.nfs", "70.iscsi")
        _libiscsi_sees_the_disk(lab, address)
        monitor_often(cluster)
        mail, watch = (BlockWriter(lab, address, MAIL_DISK, MAIL_CHAP), ExportWatch(lab, MAIL_DISK))
        with _file_clients(cluster, lab.public_addresses()[1]) as clients:
            try:
                mail.start()
                watch.start()
                goes_on(cluster, mail, "mail server's disk, at the start")
                host = host_of(cluster, address)
                mail.start_of_gap()
                lab.node(host, "killall", "-9", "tgtd", check=True)
                goes_on(cluster, mail, "mail server's disk, tgtd killed")
                lab.wait_healthy(timeout=100)
                clients.start_of_gap()
                mail.start_of_gap()
                lab.power_off(host_of(cluster, address))
                goes_on(cluster, mail, "mail server's disk, power cut")
                clients.go_on("power cut of the disk's server")
            finally:
                mail.finish()
        watch.finish()
        expect_nothing_lost(mail, os.path.join(lab.directory, "cluster", "luns", "mail.img"))


def _expect_scripts_ran(cluster, *scripts):
    for node in cluster.lab.nodes:
        for event in ("startup", "monitor"):
            said = cluster.ctdb_ok(node, "event", "status", "legacy", event)
            for script in scripts:
                expect(any(line.split()[:2] == [script, "OK"] for line in said.splitlines()),
                       f"node {node}: {script} is not OK in {event}: {said}")


def _one_file_over_both_protocols(cluster):
    lab, address = cluster.lab, cluster.lab.public_addresses()[0]
    def write():
        try:
            cluster.client_at(address, share="files").open("letter.txt").write(b"over SMB")
        except OSError:  # the address has just been assigned
            return False
        return True

    cluster.wait_for(write, 30, f"SMB at {address} does not answer")
    for version in (3, 4):
        said = setups.tool(lab, "nfs-cat", f"nfs://{address}/files/letter.txt?version={version}"
                           f"&uid={SOMEBODY[0]}&gid={SOMEBODY[1]}")
        expect(said in (None, "over SMB"), f"over NFS version {version} the file has {said!r}")


def _libiscsi_sees_the_disk(lab, address):
    user, secret = MAIL_CHAP
    listed = setups.tool(lab, "iscsi-ls", f"iscsi://{address}")
    expect(listed is None or MAIL_DISK in listed, f"iscsi-ls does not list the disk: {listed}")
    said = setups.tool(lab, "iscsi-inq", f"iscsi://{user}%{secret}@{address}/{MAIL_DISK}/1")
    expect(said is None or "MAILSPOOL" in said, f"INQUIRY says {said}")
    if os.path.exists("/usr/bin/iscsi-inq"):
        refused = lab.client("iscsi-inq", f"iscsi://{user}%wrong-secret-1@{address}/{MAIL_DISK}/1")
        expect(refused.returncode != 0, "a wrong secret was good enough")


class _file_clients:
    """A user of SMB and one of NFS at one address; afterwards nothing of theirs is lost."""

    def __init__(self, cluster, address):
        self.cluster, self.address = cluster, address
        self.documents = DocumentWriter(cluster, address, "document", share="files")
        self.file = FileWriter(cluster.lab, address, "growing", "/files", SOMEBODY)

    def __enter__(self):
        self.documents.start()
        self.file.start()
        self.go_on("at the start")
        return self

    def start_of_gap(self):
        self.documents.start_of_gap()
        self.file.start_of_gap()

    def go_on(self, what):
        goes_on(self.cluster, self.documents, f"SMB, {what}")
        goes_on(self.cluster, self.file, f"NFS, {what}")

    def __exit__(self, kind, *_):
        self.documents.finish()
        self.file.finish()
        if self.file.problem:
            self.cluster.note(f"the NFS client was refused: {self.file.problem}")
        if kind is None:
            files = os.path.join(self.cluster.lab.directory, "cluster", "files")
            expect_nothing_lost(self.documents, files)
            expect_nothing_lost(self.file, os.path.join(files, "growing"))
