# SPDX-License-Identifier: Apache-2.0
"""Stamped downloads of a program file of 5 MB beside `osslsigncode sign`, which starts once for each and hashes all of it."""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit" / "stamp"))
import make_fixtures  # noqa: E402

TREE = pathlib.Path(__file__).resolve().parents[2]
BULK = """.section .rodata,"{flags}"
.globl bulk
bulk: .incbin "{file}"
"""
PEER_RUNS = 20


def large_programs(out):
    """Of 5 MB each, the slot where stamp/slot.hpp recommends it: (PE, ELF)."""
    blob = out / "bulk"
    blob.write_bytes(subprocess.run(["openssl", "enc", "-aes-128-ctr", "-K", "00" * 16, "-iv", "00" * 16],
                                    input=bytes(4_950_000), capture_output=True, check=True).stdout)
    (out / "bulk-pe.s").write_text(BULK.format(flags="dr", file=blob).replace(".rodata", ".rdata"))
    (out / "bulk-elf.s").write_text(BULK.format(flags="a", file=blob) + '.section .note.GNU-stack,"",@progbits\n')
    make_fixtures.run("x86_64-w64-mingw32-gcc-posix", "-Os", "-s", "-static", out / "windows.c", out / "windows.res.o",
                      out / "bulk-pe.s", "-o", out / "large.exe")
    make_fixtures.run("g++", "-Os", "-s", "-I", TREE / "lib", out / "linux.cpp", out / "bulk-elf.s", "-o", out / "large")
    return out / "large.exe", out / "large"


def peer(out, program, key):
    """CPU ms of one signature by osslsigncode: its own and what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(PEER_RUNS):
        (out / "peer.exe").unlink(missing_ok=True)
        make_fixtures.run("osslsigncode", "sign", "-certs", out / f"{key}-chain.pem", "-key", out / f"{key}.key", "-h",
                          "sha256", "-n", "Rescue", "-in", program, "-out", out / "peer.exe")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000 / PEER_RUNS


def through_the_broker(args, out, pe, elf):
    """The same through the broker's handler, with its database; the network is left out."""
    print(f"\n{'through the broker (2 threads)':44} {'MB':>6} {'CPU ms':>7} {'a core-second':>13} {'page, CPU ms':>13}")
    for name, program, system, key in [("PE, RSA-3072", pe, "windows-x86_64", "rsa"), ("PE, P-256", pe, "windows-x86_64", "p256"),
                                       ("ELF, RSA-3072", elf, "linux-x86_64", "rsa")]:
        state = out / f"state-{key}-{system}"
        ran = subprocess.run([args.build / "bench" / "download_bench", state, program, system, out / f"{key}-chain.pem",
                              out / f"{key}.key", "3", "2"], check=True, capture_output=True, text=True)
        got = json.loads(ran.stdout)
        print(f"{name:44} {got['size'] / 1e6:6.2f} {got['cpu_ms']:7.2f} {got['per_cpu_s']:13} {got['page_cpu_ms']:13.2f}")


def run(args):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        make_fixtures.programs(out, TREE)
        make_fixtures.keys(out)
        pe, elf = large_programs(out)
        print(f"{'':44} {'MB':>6} {'hashed KB':>9} {'CPU ms':>7} {'a core-second':>13}")
        for name, program, key, options in [
                ("PE, RSA-3072", pe, "rsa", []), ("PE, P-256", pe, "p256", []),
                ("PE, RSA-3072, SHA-256 of the file", pe, "rsa", ["digest"]),
                ("ELF, RSA-3072, SHA-256 of the file", elf, "rsa", []), ("ELF, P-256, SHA-256 of the file", elf, "p256", [])]:
            ran = subprocess.run([args.build / "bench" / "stamp_bench", program, out / f"{key}-chain.pem",
                                  out / f"{key}.key", "3", *options], check=True, capture_output=True, text=True)
            got = json.loads(ran.stdout)
            print(f"{name:44} {got['size'] / 1e6:6.2f} {got['hashed'] / 1000:9.1f} {got['cpu_ms']:7.2f} {got['per_cpu_s']:13}")
            if program == pe:
                make_fixtures.run("osslsigncode", "verify", "-CAfile", out / "root.pem", "-in", f"{program}.stamped")
        for key in ("rsa", "p256"):
            ms = peer(out, pe, key)
            print(f"{'osslsigncode sign, ' + key + ', not stamped (peer)':44} {pe.stat().st_size / 1e6:6.2f} {'all':>9} "
                  f"{ms:7.2f} {1000 / ms:13.0f}")
        through_the_broker(args, out, pe, elf)
