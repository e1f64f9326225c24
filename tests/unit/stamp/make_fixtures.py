#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes into a folder what the tests of lib/stamp need from programs that nobody here wrote: program files by MinGW and
GCC with a blank slot, and a certificate authority with code-signing certificates by openssl(1).

usage: make_fixtures.py FOLDER SOURCE_TREE"""
import os
import pathlib
import shutil
import struct
import subprocess
import sys

# man rescue-protocol(7), STAMPED APPLET; written down again here, so that both must agree.
SLOT = b"Rescue slot 1".ljust(6176, b"\0")
NOTE = struct.pack("<III", 7, 6176, 0x544F4C53) + b"Rescue\0\0" + SLOT

WINDOWS_C = """#include <windows.h>
int main(void) {
  HRSRC slot = FindResourceA(NULL, MAKEINTRESOURCEA(101), (LPCSTR)RT_RCDATA);
  return slot != NULL && SizeofResource(NULL, slot) == 6176 ? 0 : 1;
}
"""
WINDOWS_RC = """100 RCDATA { "something else", 0 }
101 RCDATA "slot.bin"
102 RCDATA { "and more", 0 }
NAMED RCDATA { "by name", 0 }
1 VERSIONINFO FILEVERSION 1,0,0,0
BEGIN
  BLOCK "StringFileInfo" BEGIN BLOCK "040904B0" BEGIN VALUE "ProductName", "Rescue" END END
  BLOCK "VarFileInfo" BEGIN VALUE "Translation", 0x409, 1200 END
END
"""
SMALL_C = "int begin(void) { return 7; }\n"
LINUX_CPP = """#include "stamp/slot_note.hpp"
RESCUE_PLACE_SLOT_NOTE();
int main() { return 7; }
"""
PLAIN_CPP = "int main() { return 7; }\n"


def run(*argv):
    if shutil.which(argv[0]) is None:
        sys.exit(f"{argv[0]} is not installed; ./dev setup does that")
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                          env=dict(os.environ, CCACHE_DISABLE="1"))
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, argv))}\n{done.stderr}")


def programs(out, tree):
    gcc, windres, cxx = "x86_64-w64-mingw32-gcc-posix", "x86_64-w64-mingw32-windres", "g++"
    (out / "slot.bin").write_bytes(SLOT)
    (out / "slot.note").write_bytes(NOTE)
    for name, text in {"windows.c": WINDOWS_C, "windows.rc": WINDOWS_RC, "small.c": SMALL_C, "linux.cpp": LINUX_CPP,
                       "plain.cpp": PLAIN_CPP, "small.rc": '101 RCDATA "slot.bin"\n'}.items():
        (out / name).write_text(text)
    for name in ("windows", "small"):
        run(windres, "-I", out, out / f"{name}.rc", "-O", "coff", "-o", out / f"{name}.res.o")
    run(gcc, "-Os", "-s", out / "windows.c", out / "windows.res.o", "-o", out / "windows.exe", "-static")
    run(gcc, "-Os", "-s", "-nostdlib", "-Wl,--entry=begin", out / "small.c", out / "small.res.o", "-o", out / "small.exe")
    run(cxx, "-Os", "-s", "-I", tree / "lib", out / "linux.cpp", "-o", out / "linux")
    run(cxx, "-Os", "-g", "-I", tree / "lib", out / "linux.cpp", "-o", out / "linux-unstripped")
    run("strip", out / "linux-unstripped", "-o", out / "linux-stripped-later")
    run(cxx, "-Os", "-s", out / "plain.cpp", "-o", out / "plain")
    run("objcopy", "--add-section", f".note.rescue.slot={out / 'slot.note'}", out / "plain", out / "linux-objcopy")
    # As a loaded note, near the front of the file.
    run(cxx, "-Os", "-s", "-x", "assembler-with-cpp", "-c", write(out, "loaded.s", LOADED_S), "-o", out / "loaded.o")
    run(cxx, "-s", out / "plain.cpp", out / "loaded.o", "-o", out / "linux-loaded")


LOADED_S = """.section .note.rescue.slot,"a",@note
.balign 4
.incbin "slot.note"
.section .note.GNU-stack,"",@progbits
"""


def write(out, name, text):
    path = out / name
    path.write_text(text.replace('"slot.note"', f'"{out / "slot.note"}"'))
    return path


def keys(out):
    def key(name, *options):
        run("openssl", "genpkey", "-quiet", "-algorithm", *options, "-out", out / f"{name}.key")
        (out / f"{name}.key").chmod(0o600)

    def certificate(name, issuer, *extensions, days=3650):
        added = [word for e in extensions for word in ("-addext", e)]
        ca = ["-CA", out / f"{issuer}.pem", "-CAkey", out / f"{issuer}.key"] if issuer else []
        # -x509 with -CA: OpenSSL 3.0
        run("openssl", "req", "-x509", "-new", "-key", out / f"{name}.key", "-subj", f"/O=Example Ltd/CN=Example {name}",
            "-days", days, "-sha256", *ca, *added, "-out", out / f"{name}.pem")

    signing = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=codeSigning")
    key("root", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    certificate("root", None, "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
    key("rsa", "RSA", "-pkeyopt", "rsa_keygen_bits:3072")
    certificate("rsa", "root", *signing)
    key("p256", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    certificate("p256", "root", *signing)
    key("server", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    certificate("server", "root", "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth")
    key("stranger", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    certificate("stranger", None, "basicConstraints=critical,CA:TRUE")
    for name in ("rsa", "p256", "server"):
        (out / f"{name}-chain.pem").write_text((out / f"{name}.pem").read_text() + (out / "root.pem").read_text())


def main():
    out, tree = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    programs(out, tree)
    keys(out)
    (out / "made").touch()


if __name__ == "__main__":
    main()
