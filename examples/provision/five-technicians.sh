#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Accounts from a CSV file (email,name,role). Running it again changes nothing: an account that exists is exit code 7.
# usage: five-technicians.sh technicians.csv > initial-passwords.tsv
set -eu
while IFS=, read -r email name role; do
  code=0
  created=$(rescue admin user add "$email" --name "$name" --role "$role" -o json < /dev/null) || code=$?
  case $code in
    0) printf '%s\t%s\n' "$email" "$(printf '%s' "$created" | python3 -c 'import json, sys; print(json.load(sys.stdin)["initial_password"])')" ;;
    7) echo "$email exists already" >&2 ;;
    *) exit "$code" ;;
  esac
done < "$1"
