"""Runs a benchmark of io.jctdb.tests.bench against the nodes of a lab."""

import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))
import nslab  # noqa: E402


def java():
    for home in [os.environ.get("JAVA_HOME", ""), *sorted(glob.glob("/usr/lib/jvm/*25*"))]:
        release = home + "/release"
        if os.path.exists(release) and 'JAVA_VERSION="25' in open(release).read():
            return home + "/bin/java"
    raise nslab.LabError("Java 25 was not found below /usr/lib/jvm")


def class_path():
    jars = [glob.glob(f"{nslab.PRODUCT}/lib/{name}-[0-9]*.jar")
            for name in ("protocol", "linux", "slf4j-api", "jspecify")]
    # Only the tests use it, so it is where Maven keeps what it fetched, and not in the product.
    histogram = glob.glob(os.path.expanduser(
        "~/.m2/repository/org/hdrhistogram/HdrHistogram/*/HdrHistogram-*[0-9].jar"))
    classes = os.path.join(nslab.ROOT, "tests/target/classes")
    if not histogram or not os.path.exists(classes):
        raise nslab.LabError("build the load first: mvn -Dfast -DskipTests package")
    return ":".join([classes, histogram[-1], *sum(jars, [])])


def load(lab, benchmark, nodes=None):
    """Runs it against these nodes, or all; its figures."""
    roots = [f"/proc/{lab.state['pids'][f'node{node}']}/root"
             for node in (lab.nodes if nodes is None else nodes)]
    done = subprocess.run(
        [java(), "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx256m",
         "-cp", class_path(), "io.jctdb.tests.bench.Main", benchmark, *roots],
        capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        raise nslab.LabError(f"{benchmark} on {lab.daemon}: {done.stderr.strip()[-800:]}")
    return {name: float(value) for name, value in
            (word.split("=") for word in done.stdout.split())}
