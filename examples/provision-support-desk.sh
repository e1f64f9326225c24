#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A support desk of 200 people from a TOML and a CSV file, with a change of policy, one person disabled, and everything
# checked by exit codes and JSON alone. Running it again changes nothing more. Needs: rescue in PATH, a context that is
# signed in as an administrator, python3.
# usage: provision-support-desk.sh [FOLDER for the invitations]
set -eu
here=$(dirname "$(readlink -f "$0")")/provision
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
out=${1:-$work}

# count OUTCOME < results of apply
count() { python3 -c 'import json, sys; print(sum(r["outcome"] == sys.argv[1] for r in json.load(sys.stdin)))' "$1"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
# expect CODE COMMAND…: it ends with that exit code
expect() {
  wanted=$1 code=0
  shift
  "$@" > "$work/out" 2> "$work/err" || code=$?
  [ "$code" -eq "$wanted" ] || { echo "exit $code, not $wanted: $*" >&2; cat "$work/err" >&2; exit 1; }
}
desk="-f $here/desk.toml -f $here/desk-people.csv"

# What would be done? Nothing of it is done, but everything is tried.
rescue admin apply $desk --dry-run -o json > "$work/plan.json"
echo "plan: $(count created < "$work/plan.json") to create, $(count changed < "$work/plan.json") to change"
[ "$(count failed < "$work/plan.json")" -eq 0 ]

# Do it. Each new person gets a one-time link: nobody here ever holds a password. When the answer gets lost on its way,
# the same request id gets it again, and nothing is done twice.
id=desk-$(cat "$here/desk.toml" "$here/desk-people.csv" | sha256sum | cut -c1-16)-$$
rescue admin apply $desk --invitations "$work/links.csv" --request-id "$id" -o json > "$work/first.json"
rescue admin apply $desk --invitations "$work/again.csv" --request-id "$id" -o json > "$work/again.json"
cmp -s "$work/first.json" "$work/again.json"
if [ -e "$work/links.csv" ]; then
  cmp -s "$work/links.csv" "$work/again.csv"
  [ "$work" = "$out" ] || mv "$work/links.csv" "$out/links.csv"
fi
echo "applied: $(count created < "$work/first.json") created, $(count unchanged < "$work/first.json") unchanged"

# A second run finds everything as it shall be.
rescue admin apply $desk -o json > "$work/second.json"
[ "$(count unchanged < "$work/second.json")" -eq "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' < "$work/second.json")" ]

# What people may do is what was meant: a table of expectations, as in CI.
expect 0 rescue admin policy test "$here/desk-expectations.csv"
echo "$(wc -l < "$work/out") expectations are met"

# Policy changes: stronger passwords for everybody, no remote control for the first line.
expect 0 rescue admin policy set password.min_score=4
expect 0 rescue admin group revoke "First line" remote_control
expect 10 rescue admin policy test "$here/desk-expectations.csv"
expect 5 rescue admin policy why --as kim.adler@desk.example --action remote_control --channel help --exit-code -o json
[ "$(field rule < "$work/out")" = group.permissions ]
echo "the first line may no longer control: $(field reason < "$work/out")"

# One person leaves.
expect 0 rescue admin user disable jon.adler@desk.example
[ "$(rescue admin user show jon.adler@desk.example -o json | field disabled)" = True ]
expect 5 rescue admin policy why --as jon.adler@desk.example --action desktop_view --exit-code -o json
[ "$(field rule < "$work/out")" = account.disabled ]

# The site as it is now, as a file: applied, it changes nothing.
rescue admin export > "$work/site.toml"
rescue admin apply -f "$work/site.toml" --prune -o json > "$work/round.json"
[ "$(count unchanged < "$work/round.json")" -eq "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' < "$work/round.json")" ]

# A file with a mistake: all or nothing, unless it is told to go on.
printf 'email,name,group\nnew.one@desk.example,New One,First line\nlost.one@desk.example,Lost One,No such group\n' > "$work/more.csv"
expect 6 rescue admin user import "$work/more.csv"
expect 6 rescue admin user show new.one@desk.example
expect 3 rescue admin user import "$work/more.csv" --continue-on-error
expect 0 rescue admin user show new.one@desk.example
expect 6 rescue admin user show lost.one@desk.example
expect 0 rescue admin user remove new.one@desk.example --yes

# Who did what is in the log.
rescue log query --type provision.applied --limit 1 -o jsonl > "$work/log"
[ -s "$work/log" ]
echo "the desk stands"
