#!/bin/sh
# Called by the daemon with one word: init, setup, startup, healthy or unhealthy. Hands it to every
# executable $CTDB_BASE/events/notification/*.script, and fails when one of them fails.

[ -n "$CTDB_BASE" ] || CTDB_BASE=$(cd "$(dirname "$0")" && pwd)
export CTDB_BASE

failed=0
for script in "${CTDB_BASE}/events/notification"/*.script; do
  if [ -f "$script" ] && [ -x "$script" ]; then
    if ! "$script" "$1"; then
      echo "notification script ${script} failed for ${1}" >&2
      failed=1
    fi
  fi
done
exit "$failed"
