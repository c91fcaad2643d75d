#!/usr/bin/env bash
# Tries the set-up of sluice/docs/high-availability.md on this machine, with Debian's packages, on loopback, in a folder of its
# own: etcd, three PostgreSQL under Patroni, a gateway over them. Payments go on while the leader is killed; then it says what was
# lost. Needs root (to install, and to run PostgreSQL as another user) and about three minutes. Stops what it started, by pid.
set -euo pipefail

home=$(cd "$(dirname "$0")/../.." && pwd)
here=$home/operations/patroni
folder=$(mktemp -d /tmp/sluice-patroni.XXXXXX)
chmod 711 "$folder"
account=postgres
pids=()

finish() {  # asked first; what is left, a PostgreSQL whose Patroni was killed, is ended by the number in its pid file
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    for file in "$folder"/*/data/postmaster.pid; do
        if [ -e "$file" ]; then kill -QUIT "$(head -1 "$file")" 2>/dev/null || true; fi
    done
    if [ "${KEEP:-}" ]; then echo "kept: $folder"; else rm -rf "$folder"; fi
}
trap finish EXIT

say() { echo "== $*"; }

wait_for() {  # what, seconds, command …
    local what=$1 ends=$((SECONDS + $2)); shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -gt $ends ]; then echo "waited in vain for $what; see the logs in $folder (KEEP=1 keeps them)"; exit 1; fi
        sleep 0.5
    done
}

free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

say "packages"
export DEBIAN_FRONTEND=noninteractive
wanted=(patroni etcd-server python3-etcd postgresql)
dpkg -s "${wanted[@]}" >/dev/null 2>&1 || apt-get install -y --no-install-recommends "${wanted[@]}" >"$folder/apt.log" 2>&1
dpkg-query -W -f '${Package} ${Version}\n' "${wanted[@]}"
binaries=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
password=$(python3 -c 'import secrets; print(secrets.token_urlsafe(18))')

say "etcd"
client=$(free_port) peer=$(free_port)
etcd --data-dir "$folder/etcd" --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
    --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "default=http://127.0.0.1:$peer" >"$folder/etcd.log" 2>&1 &
pids+=($!)
wait_for etcd 30 python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$client/health')"

say "three nodes"
declare -A port rest patroni
start_node() {
    local name=$1
    setpriv --reuid "$account" --regid "$account" --clear-groups patroni "$folder/$name/node.yml" >>"$folder/$name.log" 2>&1 &
    patroni[$name]=$!
    pids+=($!)
}
for name in one two three; do
    port[$name]=$(free_port) rest[$name]=$(free_port)
    mkdir -m 700 "$folder/$name"
    sed -e "s|{NAME}|$name|; s|{ADDRESS}|127.0.0.1|g; s|{REST_PORT}|${rest[$name]}|g; s|{PORT}|${port[$name]}|g" \
        -e "s|{ETCD}|127.0.0.1:$client|; s|{DATA}|$folder/$name/data|g; s|{SOCKETS}|$folder/$name|; s|{NETWORK}|127.0.0.1/32|g" \
        -e "s|{BINARIES}|$binaries|; s|{PASSWORD}|$password|g" "$here/node.yml" >"$folder/$name/node.yml"
    chown -R "$account" "$folder/$name"
    start_node "$name"
    [ "$name" = one ] && wait_for "the first node" 60 curl -fsS "http://127.0.0.1:${rest[one]}/primary"
done
list() { patronictl -c "$folder/one/node.yml" list 2>/dev/null; }
synchronous() { list | grep -q "Sync Standby"; }
wait_for "a synchronous standby" 90 synchronous
list

say "database and gateway"
ask() { PGPASSWORD=$password "$binaries/psql" -h 127.0.0.1 -p "$1" -U postgres -XAtq -c "$2"; }
ask "${port[one]}" "create role sluice login createrole password '$password'"
ask "${port[one]}" "create database sluice owner sluice"
hosts="127.0.0.1:${port[one]},127.0.0.1:${port[two]},127.0.0.1:${port[three]}"
export DATABASE_URL="postgresql://sluice:$password@$hosts/sluice?sslmode=disable"
"$home/dev" sluice up --data "$folder/gateway" --port 0 --ready "$folder/ready.json" >"$folder/gateway.log" 2>&1 &
pids+=($!)
wait_for "the gateway" 120 test -s "$folder/ready.json"
read -r url key < <(python3 -c "import json; r = json.load(open('$folder/ready.json')); print(r['url'], r['secret_key'])")
pay() { "$home/.venv/bin/python" "$here/pay.py" "$url" "$key" "$@"; }

say "payments, and in their midst the leader's machine dies: Patroni and PostgreSQL, by kill -9"
leader() { list | awk -F'|' '/Leader/ {gsub(/ /, "", $2); print $2}'; }
dead=$(leader)
pay 60 "$folder/answered.json" &
paying=$!
sleep 8
postmaster=$(head -1 "$folder/$dead/data/postmaster.pid")
kill -9 "${patroni[$dead]}" "$postmaster" $(pgrep --parent "$postmaster")
wait "${patroni[$dead]}" 2>/dev/null || true
echo "killed: $dead"
another() { local now; now=$(leader); [ "$now" ] && [ "$now" != "$dead" ]; }
wait_for "a new leader" 60 another
echo "leads now: $(leader)"
wait "$paying"

say "the dead one comes back"
start_node "$dead"
back() { list | grep -E "^\| *$dead " | grep -Eq "Replica|Sync Standby" && list | grep -E "^\| *$dead " | grep -Eq "running|streaming"; }
wait_for "$dead as a standby" 90 back
list

say "what was lost"
sleep 5
pay check "$folder/answered.json"
"$home/dev" sluice ledger verify --data "$folder/gateway"
