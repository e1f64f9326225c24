#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two support sessions at once, driven by one script through JSON lines: a file of the first user reaches the second one.
# Needs: rescue and rescue-applet in PATH, a signed-in context, python3.
# usage: harness-two-sessions.sh SERVER-URL CA-PIN
set -eu
server=$1 pin_of_ca=$2
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'kill $(cat "$work"/*.pid) 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

fail() { echo "$*" >&2; exit 1; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# begin NAME SEED: a session, its scripted user, and a technician's view that reads commands from one pipe and writes replies
# and events to another. The view is there at once; commands wait until the user's machine is connected.
begin() {
  mkdir "$work/$1"
  created=$(rescue session create --note "harness, $1" -o json)
  printf '%s' "$created" | field id > "$work/$1.id"
  printf '%s' "$created" | field pin > "$work/$1.pin"
  rescue-applet --server "$server" --ca-pin "$pin_of_ca" --pin-file "$work/$1.pin" --headless \
    --scenario "$here/harness/user.json" --seed "$2" --download-dir "$work/$1" 2> "$work/$1.applet.log" &
  echo $! > "$work/$1.applet.pid"
  rescue session wait "$(cat "$work/$1.id")" --state waiting --timeout 30s > /dev/null
  mkfifo "$work/$1.in" "$work/$1.out"
  rescue session pickup "$(cat "$work/$1.id")" --script - < "$work/$1.in" > "$work/$1.out" &
  echo $! > "$work/$1.view.pid"
}

# Descriptors 3 and 4 write to the sessions, 5 and 6 read from them.
begin first 7
exec 3> "$work/first.in" 5< "$work/first.out"
begin second 8
exec 4> "$work/second.in" 6< "$work/second.out"

say() { printf '%s\n' "$2" >&"$1"; }

# reply FD ID: reads on to the reply to command ID and prints it. Events on the way are of no interest here.
reply() {
  while IFS= read -r line <&"$1"; do
    case $line in
      '{"id":'"$2"',"event":"result"'*) printf '%s' "$line"; return 0 ;;
      '{"id":'"$2"',"event":"error"'*) fail "command $2: $line" ;;
    esac
  done
  fail "the session ended before it answered command $2"
}

# Both are under way at the same time: commands go out before the replies are awaited.
say 3 '{"id":1,"cmd":"chat","text":"hello, may I have your report?"}'
say 4 '{"id":1,"cmd":"chat","text":"hello, you will get a report"}'
say 3 '{"id":2,"cmd":"ask","permission":"receive_files"}'
say 4 '{"id":2,"cmd":"ask","permission":"send_files"}'
reply 6 2 > /dev/null
reply 5 2 > /dev/null

say 3 '{"id":3,"cmd":"receive","directory":"'"$work"'"}'
report=$(reply 5 3 | field path)
say 4 '{"id":3,"cmd":"send","path":"'"$report"'"}'
sent=$(reply 6 3 | field sha256)

say 3 '{"id":4,"cmd":"close","reason":"harness done"}'
say 4 '{"id":4,"cmd":"close","reason":"harness done"}'
reply 5 4 > /dev/null
reply 6 4 > /dev/null
exec 3>&- 4>&-
for name in first second; do
  wait "$(cat "$work/$name.view.pid")"
  wait "$(cat "$work/$name.applet.pid")"
done

# What a harness asserts: the file is the same everywhere, and both logs say so.
[ "$(sha256sum < "$work/second/report.bin")" = "$(sha256sum < "$report")" ]
rescue log query --session "$(cat "$work/first.id")" --type file.received --all -o jsonl | grep -q "$sent"
rescue log query --session "$(cat "$work/second.id")" --type file.received --all -o jsonl | grep -q "$sent"
echo "two sessions at once: $(basename "$report") went from the first user to the second, sha256 $sent in both logs"
