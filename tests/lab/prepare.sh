# Sourced by demo and check, in the repository's root: what a fresh Debian machine needs, and the
# build. Every step that takes longer than a moment shows that it goes on.

LAB_PACKAGES="samba smbclient samba-testsuite ctdb tdb-tools iproute2 iptables ethtool psmisc \
procps util-linux openssl tgt python3 libtdb1 nfs-ganesha nfs-ganesha-vfs rpcbind dbus \
libnfs-utils libiscsi-bin winbind nfs-common vsftpd apache2 systemd"

# What the fast tests run for real where it is installed; a test without its program is skipped.
FAST_PACKAGES="libtdb1 ctdb ethtool iproute2 iptables libiscsi-bin openssl procps psmisc shellcheck tgt util-linux"

# step TEXT COMMAND...: runs it with its output in build/step.log; shows the log when it fails.
step() {
  local text=$1 started=$SECONDS told=0 process
  shift
  mkdir -p build
  "$@" >build/step.log 2>&1 </dev/null &
  process=$!
  echo "$text"
  while kill -0 "$process" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - started)) -ge $((told + 5)) ]; then
      told=$((SECONDS - started))
      echo "  … $told s  $(tail -n 1 build/step.log | tr -d '\r' | cut -c 1-90)"
    fi
  done
  if ! wait "$process"; then
    tail -n 30 build/step.log | cut -c 1-300 >&2
    echo "FAILED: $text (all of it: build/step.log)" >&2
    return 1
  fi
}

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed' || printf '%s ' "$package"
  done
}

# Debian starts what it installs; our nodes start their own. A policy is put in place for the
# moment, and taken away again.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d ours=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && ours=yes
  fi
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
  local status=$?
  [ -z "$ours" ] || rm -f "$policy"
  return $status
}

need_packages() {
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing, and only root on Debian can install them: $missing" >&2
    return 1
  fi
  # shellcheck disable=SC2086 # a list of packages
  step "installing $missing" install_quietly $missing
}

find_java_25() {
  local candidate
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    if [ -x "$candidate/bin/javac" ] && grep -q '^JAVA_VERSION="25' "$candidate/release" 2>/dev/null
    then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

need_build_tools() {
  if ! command -v mvn >/dev/null; then need_packages maven || return 1; fi
  find_java_25 >/dev/null && return 0
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    step "looking for Java 25" apt-get update -q || return 1
    if apt-cache policy openjdk-25-jdk-headless | grep -q 'Candidate: [0-9]'; then
      need_packages openjdk-25-jdk-headless && return 0
    fi
  fi
  echo "Java 25 (a JDK) is needed and was not found: install one below /usr/lib/jvm, or set JAVA_HOME" >&2
  return 1
}

changed_since_build() {
  [ ! -e build/jctdb/.built ] ||
    [ -n "$(find pom.xml conf ctdb-core event-scripts ip-takeover recovery wan-link \
      -path '*/target' -prune -o \( -path '*/src/main/*' -o -name pom.xml \) \
      -newer build/jctdb/.built -print -quit)" ]
}

build_product() {
  need_build_tools || return 1
  if ! changed_since_build; then
    return 0
  fi
  step "building (the first time takes a minute or two)" \
    mvn -B -Dfast -DskipTests -pl conf -am package || return 1
  step "making the start-up caches" build/jctdb/libexec/ctdb/make-start-cache ||
    echo "  the daemon and the command will start more slowly"
  touch build/jctdb/.built
}

# Says why this machine cannot run the lab; silent when it can.
why_no_lab() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "not root: network namespaces and smbd need it"
  elif ! need_packages $LAB_PACKAGES >&2; then
    echo "Samba is not installed and cannot be"
  elif ! unshare --net --mount --pid --uts --ipc --fork true 2>/dev/null; then
    echo "this kernel or container refuses new namespaces"
  fi
}
