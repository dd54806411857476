#!/bin/sh
# ctdb-backup-persistent-tdbs.sh [-l | -L STATUS] [-m MODE] DIR
#
# Backs up every persistent database into DIR/ctdb-persistent-db-backup-TIME.tgz.
#   -l         only on the leader; elsewhere nothing happens, with status 0
#   -L STATUS  the same, and elsewhere the status is STATUS
#   -m MODE    access mode of DIR

[ -n "$CTDB_BASE" ] || CTDB_BASE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=event-scripts/src/main/share/functions
. "${CTDB_BASE}/functions"

usage() {
  die "usage: ${0} [-l | -L STATUS] [-m MODE] DIR"
}

leader_only=""
mode=""
while getopts "lL:m:h" _option; do
  case "$_option" in
  l) leader_only=0 ;;
  L) leader_only="$OPTARG" ;;
  m) mode="$OPTARG" ;;
  *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage
case "$leader_only" in
*[!0-9]*) usage ;;
esac
dir="$1"
[ -d "$dir" ] || die "no directory: ${dir}"

if [ -n "$leader_only" ] && [ "$($CTDB leader)" != "$(ctdb_get_pnn)" ]; then
  exit "$leader_only"
fi
if [ -n "$mode" ]; then
  chmod "$mode" "$dir" || exit 1
fi

name="ctdb-persistent-db-backup-$(date '+%Y%m%d%H%M%S')"
work="${dir}/.${name}.$$"
trap 'rm -rf "$work"' EXIT
mkdir -p "${work}/${name}" || exit 1

databases=$($CTDB -X getdbmap | awk -F'|' 'NR > 1 && $5 == 1 { print $3 }')
[ -n "$databases" ] || die "no persistent databases"
for database in $databases; do
  $CTDB backupdb "$database" "${work}/${name}/${database}.backup" >/dev/null ||
    die "database ${database} cannot be backed up"
done
# Under its name only when it is complete.
if ! tar -C "$work" -c -z -f "${work}/${name}.tgz" "$name" || ! mv "${work}/${name}.tgz" "$dir/"; then
  die "${name}.tgz cannot be written"
fi
