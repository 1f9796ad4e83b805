#!/usr/bin/env bash
# The recorded incident through a real Kafka: a broker (unless FLYWATCH_KAFKA__BOOTSTRAP names one), a worker, the shipper,
# and the alerts topic printed as it fills. Topics of its own; the broker and everything else is gone at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$(mktemp -d)
pids=()
finish() {
  code=$?
  trap - EXIT
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null && wait "${pids[i]}" 2>/dev/null; done
  [ $code -eq 0 ] || [ $code -eq 130 ] || { echo "pipeline: what the parts said:" >&2; tail -n 5 "$here"/*.log >&2; }
  rm -rf "$here"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -z "${FLYWATCH_KAFKA__BOOTSTRAP:-}" ]; then
  echo "pipeline: starting a local Kafka"
  FLYWATCH_KAFKA_PORT="${FLYWATCH_KAFKA_PORT:-19092}" python config/kafka/broker.py >"$here/broker.log" 2>&1 &
  pids+=($!)
  for _ in $(seq 240); do
    grep -q 'ready at' "$here/broker.log" && break
    kill -0 "${pids[0]}" 2>/dev/null || exit 1
    sleep 0.5
  done
  FLYWATCH_KAFKA__BOOTSTRAP=$(sed -n 's/.*ready at \([^ ]*\).*/\1/p' "$here/broker.log" | tail -n 1)
  export FLYWATCH_KAFKA__BOOTSTRAP
fi

name="demo-$(date +%s)"
export FLYWATCH_TIME__MODE=history FLYWATCH_WORKER__DATA_DIR="$here/faust"
for role in logs panes requests events security windows alerts dead; do
  export "FLYWATCH_TOPICS__${role^^}=$name.$role"
done
flywatch topics >"$here/topics.log"
echo "pipeline: Kafka at $FLYWATCH_KAFKA__BOOTSTRAP, topics $name.*"
flywatch worker >"$here/worker.log" 2>&1 &
pids+=($!)
flyship files --history demo/incident.ndjson.gz
echo "pipeline: reading $name.alerts"
flywatch alerts --from-start --until-idle "${IDLE_SECONDS:-20}"
