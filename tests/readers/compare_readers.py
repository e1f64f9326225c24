#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_readers.py DUMP_PROGRAM FOLDER: both readers of RCREC must say the same of every *.rcrec file below FOLDER,
without a key and with each *.key file below FOLDER."""
import json
import pathlib
import subprocess
import sys


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    second = pathlib.Path(__file__).with_name("rcrec_reader.py")
    runs = [(file, []) for file in sorted(folder.rglob("*.rcrec"))]
    runs += [(file, ["--key", str(key)]) for key in sorted(folder.rglob("*.key"))
             for file, _ in list(runs) if "encrypted" in file.name]
    bad = 0
    for file, key in runs:
        answers = []
        for command in ([program, *key, str(file)], [sys.executable, str(second), *key, str(file)]):
            run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            answers.append(json.loads(run.stdout) if run.stdout else {"crashed": run.stderr})
        same = answers[0] == answers[1]
        print("same  " if same else "DIFFER", file.relative_to(folder), "with a key" if key else "")
        if not same:
            bad += 1
            print("  program:", json.dumps(answers[0], sort_keys=True))
            print("  python: ", json.dumps(answers[1], sort_keys=True))
    print(f"{len(runs)} readings, {bad} differ")
    return 1 if bad or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
