#!/bin/sh
# For cron: takes this node's public addresses off its interfaces when the daemon does not run,
# because another node will have them by now.

[ -n "$CTDB_BASE" ] || CTDB_BASE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=event-scripts/src/main/share/functions
. "${CTDB_BASE}/functions"

if service ctdb status >/dev/null 2>&1 || service jctdbd status >/dev/null 2>&1; then
  exit 0
fi

have_public_addresses || die "No public addresses file found, nothing can be cleaned up"
load_script_options "failover" "11.natgw"

drop_all_public_ips 2>&1 | script_log "ctdb-crash-cleanup"
if [ -n "$CTDB_NATGW_PUBLIC_IP" ]; then
  drop_ip "$CTDB_NATGW_PUBLIC_IP" 2>&1 | script_log "ctdb-crash-cleanup"
fi
