#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of the targets that read text files: seeds_text.py FOLDER makes FOLDER/<target>/made-NNN.

Registers come from the generator of tests/support; profiles and calendars are drawn here. Two in
three are then damaged in one or two places, as a clerk or a wrong editor would.
"""
import datetime
import os
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import make_register as register  # noqa: E402

SEEDS = 48
SCRAPS = ["\"", "\"\"", ",", "\n", "\r\n", "=", "[", "]", "#", ";", " ", "\t", "2026-02-30", "0", "99999999", "yes",
          "\ufeff", "　", "days = 3\n", "[sign]\n", "2026-10-01,rest,x\n", "1.2E+17", "是", "-", "\x01"]
CLOCKS = ["triage", "object", "accept", "handle", "report_back", "order", "sign", "objection_answer", "review_window",
          "errand", "remind"]


def damage(rng, text):
    for _ in range(rng.choice([0, 1, 2])):
        at = rng.randrange(len(text) + 1)
        cut = rng.choice([0, 0, 1, 5])
        text = text[:at] + rng.choice(SCRAPS) + text[at + cut:]
    return text


def csv(rng, number):
    places = register.Places(register.DIVISIONS)
    maker = register.Maker(number, places, datetime.date(2026, 1, 5), 100)
    rows = [maker.cells(maker.make(n)[0])[0] for n in range(1, rng.randint(2, 4))]
    columns = list(register.COLUMNS)
    if rng.random() < 0.3:
        columns, rows = register.forbid(columns, rows, number)
    if rng.random() < 0.5:
        columns, rows = register.shuffle(columns, rows, number)
    keep = sorted(rng.sample(range(len(columns)), rng.randint(6, len(columns))))
    columns, rows = [columns[i] for i in keep], [[r[i] for i in keep] for r in rows]
    encoding = rng.choice(["utf-8", "utf-8-bom", "gb18030"])
    text = register.encode(columns, rows, "utf-8", rng.choice(["\n", "\r\n"])).decode()
    mark = "\ufeff" if encoding == "utf-8-bom" else ""
    data = (mark + damage(rng, text)).encode("gb18030" if encoding == "gb18030" else "utf-8")
    return (b"\x01" if encoding == "gb18030" else b"\x00") + data


def profile(rng, number):
    lines = ["; seed %d" % number, "[profile]", "id = p-%d" % number, "edition = %d" % rng.randint(1, 9),
             "valid-from = 20%02d-%02d-%02d" % (rng.randint(0, 40), rng.randint(1, 12), rng.randint(1, 28))]
    if rng.random() < 0.3:
        lines.append("flags = errand")
    for clock in rng.sample(CLOCKS, rng.randint(1, len(CLOCKS))):
        lines += ["", "[%s]" % clock, "days = %d" % rng.choice([1, 2, 5, 15, 30, 60, 3650])]
        if rng.random() < 0.5:
            lines.append("working = " + rng.choice(["yes", "no"]))
        if rng.random() < 0.3:
            lines.append("max-extend = %d" % rng.choice([0, 10, 30, 365]))
    return damage(rng, rng.choice(["\n", "\r\n"]).join(lines) + "\n").encode()


def calendar(rng, number):
    lines = ["# id: c-%d" % number, "# edition: %d" % rng.randint(1, 9), "date,kind,name"]
    first = datetime.date(rng.randint(2000, 2098), 1, 1)
    days = sorted(rng.sample(range(rng.choice([300, 720])), rng.randint(1, 40)))
    for day in days:
        date = first + datetime.timedelta(days=day)
        kind = rng.choice(["rest", "work"]) if date.weekday() >= 5 else "rest"
        lines.append("%s,%s,%s" % (date, kind, rng.choice(["元旦", "春节", "调休", "x"])))
    return damage(rng, rng.choice(["\n", "\r\n"]).join(lines) + "\n").encode()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: seeds_text.py FOLDER")
    for name, make in (("csv", csv), ("profile", profile), ("calendar", calendar)):
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        for number in range(SEEDS):
            with open(os.path.join(folder, "made-%03d" % number), "wb") as f:
                f.write(make(random.Random("%s %d" % (name, number)), number))


if __name__ == "__main__":
    main()
