#!/usr/bin/env bash
# Starts a packed program in front of its simulated backend, asks it one thing, and ends it.
#
#   smoke.sh PROGRAM
set -euo pipefail
url=http://127.0.0.1:18099
CODEX_PROXY_LISTEN=${url#http://} "$1" sandbox > /dev/null &
pid=$!
trap 'kill -9 $pid 2> /dev/null || true' EXIT
for _ in $(seq 120); do curl --silent --fail --output /dev/null "$url/health/ready" && break; sleep 0.5; done
curl --silent --show-error --fail "$url/v1/responses" --header 'Authorization: Bearer sk-sandbox' \
  --header 'Content-Type: application/json' --data '{"model": "gpt-5.4", "input": "Hello!"}' | grep --only-matching 'Sandbox answer'
kill -TERM $pid
wait $pid
