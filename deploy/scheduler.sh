#!/bin/sh
# What compose.yaml's scheduler does: once a day at HOUR (UTC), and on Sundays a training before it.
# On a machine with cron or systemd, `vigistock schedule` prints their lines instead.
set -u
HOUR=${HOUR:-04}
KEEP=${KEEP:-14}

say() { echo "$(date -u +%FT%TZ) $*"; }
run() { say "vigistock $*"; vigistock "$@" || say "failed ($?): vigistock $*"; }

while :; do
    now=$(date -u +%s)
    next=$(date -u -d "today ${HOUR}:00" +%s)
    [ "$next" -gt "$now" ] || next=$(date -u -d "tomorrow ${HOUR}:00" +%s)
    sleep $((next - now)) &
    wait $!
    if [ "$(date -u +%u)" = 7 ]; then run train; fi
    run publish
    run scorecard
    run publications prune
    run backup "/backups/$(date -u +%F).backup"
    find /backups -name '*.backup' -type f -mtime "+$KEEP" -delete
done
