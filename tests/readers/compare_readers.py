#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_readers.py DUMP_PROGRAM FOLDER: both readers of RCREC must say the same of every *.rcrec file below FOLDER."""
import json
import pathlib
import subprocess
import sys


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    second = pathlib.Path(__file__).with_name("rcrec_reader.py")
    files = sorted(folder.rglob("*.rcrec"))
    bad = 0
    for file in files:
        answers = []
        for command in ([program, str(file)], [sys.executable, str(second), str(file)]):
            run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            answers.append(json.loads(run.stdout) if run.stdout else {"crashed": run.stderr})
        same = answers[0] == answers[1]
        print("same  " if same else "DIFFER", file.relative_to(folder))
        if not same:
            bad += 1
            print("  program:", json.dumps(answers[0], sort_keys=True))
            print("  python: ", json.dumps(answers[1], sort_keys=True))
    print(f"{len(files)} files, {bad} differ")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
