#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd takes them, they start programs that take their arguments, as accounts that the package makes, and
they leave a service little of the machine.

usage: units.py SOURCE BIN
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EXPOSURE = 20  # tenths, of 100: what systemd-analyze calls OK begins at 49


def run(*argv):
    try:
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False)
    except OSError as error:
        return 1, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()


def settings(text, key):
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


def accounts(source, folder):
    """Those that systemd-sysusers makes on an empty machine."""
    (folder / "etc").mkdir()
    code, said = run("systemd-sysusers", f"--root={folder}", source / "packaging/systemd/rescue.sysusers")
    if code != 0:
        return set(), [f"rescue.sysusers: {said}"]
    return {line.split(":")[0] for line in (folder / "etc/passwd").read_text().splitlines()}, []


def defects_of(unit, programs, folder, users):
    text = unit.read_text()
    defects = []
    copy = folder / unit.name
    copy.write_text(text.replace("ExecStart=/usr/bin/", f"ExecStart={programs}/"))
    code, said = run("systemd-analyze", "verify", "--man=no", copy)
    if code != 0 or said:
        defects.append(f"verify: {said}")
    code, said = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", copy)
    if code != 0:
        defects.append(f"security: {said.splitlines()[-1] if said else code}")
    command = settings(copy.read_text(), "ExecStart")[0].split()
    state = command[command.index("--state") + 1]
    code, said = run(*[folder / "state" if word == state else word for word in command], "--check-config")
    if code != 0:
        defects.append(f"its command: {said}")
    if f"/var/lib/{settings(text, 'StateDirectory')[0]}" != state:
        defects.append(f"StateDirectory is not {state}")
    for user in settings(text, "User") + settings(text, "Group"):
        if user not in users:
            defects.append(f"no account {user}")
    return [f"{unit.name}: {d}" for d in defects]


def main():
    source, programs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    missing = [tool for tool in ("systemd-analyze", "systemd-sysusers") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (Debian package systemd)")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        users, defects = accounts(source, folder)
        units = sorted((source / "packaging/systemd").glob("*.service"))
        for unit in units:
            defects += defects_of(unit, programs, folder, users)
    for defect in defects:
        print(defect)
    print(f"{len(units)} units, {len(defects)} defects")
    return 1 if defects or len(units) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
