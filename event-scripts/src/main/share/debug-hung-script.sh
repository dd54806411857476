#!/bin/sh
# debug-hung-script.sh PID EVENT: what an event script is doing that has not come to its end in time.
# Enable with
#
#   [event]
#     debug script = debug-hung-script.sh
#
# CTDB_DEBUG_HUNG_SCRIPT_STACKPAT (script.options): extended regular expression without parentheses;
# processes whose name matches have their kernel stack printed.

[ -n "$CTDB_BASE" ] || CTDB_BASE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=event-scripts/src/main/share/functions
. "${CTDB_BASE}/functions"

load_script_options

pid="$1"
event="$2"
[ -n "$pid" ] || die "usage: ${0} PID EVENT"

if [ -n "$CTDB_DEBUG_HUNG_SCRIPT_LOGFILE" ]; then
  exec >>"$CTDB_DEBUG_HUNG_SCRIPT_LOGFILE" 2>&1
fi

# Kernel stacks of the interesting processes of a tree; pstree writes "name,pid" or "name(pid)".
stacks() {
  _pattern="${CTDB_DEBUG_HUNG_SCRIPT_STACKPAT:-exportfs|rpcinfo}"
  echo "$1" | sed -n -E "s/.*(${_pattern})[^,(]*[,(]([0-9]+).*/\\1 \\2/p" |
    while read -r _name _pid; do
      echo "---- Stack trace of interesting process ${_pid}[${_name}] ----"
      cat "/proc/${_pid}/stack" 2>/dev/null || echo "not readable"
    done
}

mkdir -p "$CTDB_SCRIPT_VARDIR"
(
  # Two at once would be unreadable; the second does not wait for long.
  flock -w 2 9 || exit 0
  echo "===== Start of hung script debug for PID=\"${pid}\", event=\"${event}\" ====="
  echo "pstree -p -a ${pid}:"
  tree=$(pstree -p -a "$pid" 2>&1)
  echo "$tree"
  stacks "$tree"
  if [ "$event" != "init" ]; then
    echo "---- ctdb scriptstatus ${event}: ----"
    $CTDB scriptstatus "$event"
  fi
  echo "===== End of hung script debug for PID=\"${pid}\", event=\"${event}\" ====="
) 9>"${CTDB_SCRIPT_VARDIR}/debug-hung-script.lock"
