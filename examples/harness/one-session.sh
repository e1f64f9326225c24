#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One support session end to end, unattended. Needs: rescue and rescue-applet in PATH, a signed-in context, python3.
# usage: one-session.sh SERVER-URL CA-PIN
set -eu
server=$1 pin_of_ca=$2
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'kill "$applet" 2>/dev/null || true; rm -rf "$work"' EXIT INT TERM
applet=

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# The technician creates a session; the "user" types the PIN.
created=$(rescue session create --note 'harness' -o json)
id=$(printf '%s' "$created" | field id)
printf '%s' "$created" | field pin > "$work/pin"
rescue-applet --server "$server" --ca-pin "$pin_of_ca" --pin-file "$work/pin" \
  --headless --scenario "$here/user.json" --seed 7 --download-dir "$work" 2> "$work/applet.log" &
applet=$!
rescue session wait "$id" --state waiting --timeout 30s > /dev/null

# One JSON object a line. From a file, each command begins when the one before has ended; --script - reads standard input and
# takes commands as they come. Each reply carries the id of its command.
cat > "$work/script.jsonl" <<EOF
{"id":1,"cmd":"chat","text":"hello"}
{"id":2,"cmd":"wait","for":"chat","timeout":"10s","where":{"from":"applet"}}
{"id":3,"cmd":"ask","permission":"record_session"}
{"id":4,"cmd":"ask","permission":"desktop_view"}
{"id":5,"cmd":"view"}
{"id":6,"cmd":"screenshot","path":"$work/desktop.png"}
{"id":7,"cmd":"ask","permission":"remote_control"}
{"id":8,"cmd":"ask","permission":"receive_files"}
{"id":9,"cmd":"receive","directory":"$work"}
{"id":10,"cmd":"close","reason":"harness done"}
EOF
# The exit code is that of the first command that failed: 5, the user says no to remote control.
code=0
rescue session pickup "$id" --script "$work/script.jsonl" --record "$work" > "$work/events.jsonl" || code=$?
[ "$code" -eq 5 ]

# What a harness asserts: replies by id, files, exit codes, the log.
python3 - "$work/events.jsonl" <<'EOF'
import json, sys
replies = {e["id"]: e for e in map(json.loads, open(sys.argv[1])) if e.get("event") in ("result", "error") and "id" in e}
for n in (1, 2, 3, 4, 5, 6, 8, 9, 10):
    assert replies[n]["event"] == "result", replies[n]
assert replies[7]["event"] == "error" and replies[7]["error"] == "DENIED", replies[7]
print("10 commands answered as expected; control was refused by the user, as scripted")
EOF
wait "$applet"
applet=
[ "$(head -c 8 "$work/desktop.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]
rescue recording verify "$work"/*.rcrec > /dev/null
rescue log query --session "$id" --type consent.denied --all -o jsonl | grep -q remote_control
echo "session $id: recording verifies, the refusal is in the log"
