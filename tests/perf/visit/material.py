# SPDX-License-Identifier: Apache-2.0
"""What is on the disk of the visited machine: pages, letters, a log. All of it is made here, from one seed."""
import os
import pathlib
import random
import subprocess

PHOTOS = {"wallpaper": (11, 1920, 1080), "office": (23, 720, 480), "printer": (37, 720, 480), "hall": (41, 720, 480),
          "yard": (59, 720, 480), "plan": (67, 1180, 620)}
DATE = 1_760_000_000  # of every file, so that no listing tells the day

PARTS = ["the paper tray", "the fuser unit", "the toner cartridge", "the network cable", "the print queue", "the driver", "the duplex unit",
         "the rear cover", "the roller", "the firmware"]
FAULTS = ["does not close", "is reported as empty although it is full", "stops after the first page", "leaves a grey line on every sheet",
          "answers to a ping but not to a job", "shows an old address", "was replaced in spring", "makes a grinding noise",
          "waits for a size that is not loaded", "restarts by itself"]
STEPS = ["Switch the device off and wait for half a minute.", "Open the queue and delete the jobs that stand there.",
         "Compare the address on the display with the one in the settings.", "Print the status page from the menu of the device.",
         "Clean the rollers with a dry cloth.", "Install the driver again and choose the port by hand.",
         "Look whether the light blinks twice or three times.", "Ask the customer which program the job came from."]

STYLE = """body{font:15px 'DejaVu Sans',sans-serif;margin:0;background:#fcfcfd;color:#23262b;line-height:1.5}
header{background:#24476b;color:#fff;padding:14px 32px;font-size:20px}main{margin:18px 32px;max-width:1240px}
nav a{color:#cfe0f2;margin-right:22px;font-size:14px}h2{color:#24476b;border-bottom:1px solid #d5dde6}
figure{display:inline-block;margin:10px 14px 10px 0;width:380px;vertical-align:top}
img{border-radius:4px;box-shadow:0 2px 6px #0005}figure img{width:380px;height:253px}
figcaption{color:#5a6472;font-size:13px}table{border-collapse:collapse}td,th{border:1px solid #ccd5df;padding:4px 12px}
tr:nth-child(even){background:#f0f4f8}code{background:#eef1f4;padding:1px 4px}"""


def sentence(rng):
    part = rng.choice(PARTS)
    return f"{part[0].upper()}{part[1:]} {rng.choice(FAULTS)}. {rng.choice(STEPS)}"


def page(title, body):
    links = "".join(f'<a href="{name}.html">{name.capitalize()}</a>' for name in ("index", "photos", "guide"))
    return (f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title><style>{STYLE}</style></head><body>"
            f"<header>{title} <nav>{links}</nav></header><main>{body}</main></body></html>")


def pages(folder, rng):
    tickets = "".join(f"<tr><td>{48200 + i}</td><td>{rng.choice(PARTS)}</td><td>{rng.choice(FAULTS)}</td>"
                      f"<td>{rng.choice(['open', 'waiting', 'closed'])}</td></tr>" for i in range(24))
    (folder / "index.html").write_text(page("Help desk", "<h2>Tickets</h2><table><tr><th>No.</th><th>Part</th><th>Fault</th>"
                                            f"<th>State</th></tr>{tickets}</table>"))
    figures = "".join(f'<figure><img src="{name}.png"><figcaption>{name.capitalize()}, picture {i + 1} of ticket 48213. {sentence(rng)}'
                      "</figcaption></figure>" for i, name in enumerate(n for n in PHOTOS if n not in ("wallpaper", "plan")))
    (folder / "photos.html").write_text(page("Photos of ticket 48213", f"<p>Attached by the customer.</p>{figures}<h2>The site</h2>"
                                             f'<img src="plan.png" width=1180 height=620><p>{" ".join(sentence(rng) for _ in range(12))}</p>'))
    chapters = "".join(f"<h2>{i}. {rng.choice(PARTS).capitalize()}</h2>" + "".join(
        f"<p>{' '.join(sentence(rng) for _ in range(rng.randint(3, 6)))} See <code>printer.log</code>.</p>" for _ in range(3))
        for i in range(1, 15))
    (folder / "guide.html").write_text(page("Guide to printers", chapters))


def log_lines(rng):
    for i in range(900):
        level = rng.choices(["info", "info", "info", "warning", "error"], [8, 8, 8, 3, 1])[0]
        yield (f"2026-03-{1 + i // 60:02} {8 + i // 60 % 9:02}:{i % 60:02}:{rng.randint(0, 59):02} {level:8} spooler[{rng.randint(300, 340)}]: "
               f"job {7000 + i} {rng.choice(['queued', 'sent', 'printed', 'held'])}: {rng.choice(PARTS)} {rng.choice(FAULTS)}")


def write(home, bench, seed=7):
    """Returns the path of the wallpaper."""
    rng = random.Random(seed)
    home = pathlib.Path(home)
    site, documents = home / "site", home / "Documents"
    for folder in (site, documents, documents / "Invoices", home / "Pictures"):
        folder.mkdir(parents=True, exist_ok=True)
    for name, (number, width, height) in PHOTOS.items():
        out = (home / "Pictures" if name == "wallpaper" else site) / f"{name}.png"
        subprocess.run([bench / "visit_photo", str(number), str(width), str(height), out], check=True)
    pages(site, rng)
    (home / "printer.log").write_text("\n".join(log_lines(rng)) + "\n")
    for i in range(34):
        (documents / f"Report {2019 + i % 7}-{1 + i % 12:02}.txt").write_text("\n".join(sentence(rng) for _ in range(5 + i)))
    for i in range(12):
        (documents / "Invoices" / f"Invoice {1200 + 7 * i}.txt").write_text(sentence(rng))
    (documents / "Visit report.txt").write_text("Visit report, ticket 48213\n\n" + "\n\n".join(
        " ".join(sentence(rng) for _ in range(4)) for _ in range(5)) + "\n")
    for path in home.rglob("*"):
        if path.is_file():
            os.utime(path, (DATE, DATE))
    return home / "Pictures" / "wallpaper.png"
