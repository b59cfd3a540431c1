#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of small files, words and registrations: seeds_stored.py FOLDER makes FOLDER/{stored,words,intake}/made-NNN.

The first byte of a stored file tells the target which one it is and that it is to put the checksum right; one in
four is damaged.
"""
import json
import os
import random
import sys

SEEDS = 64
LIFE, KEY, BACKUP = 1, 3, 5
DIVISIONS = ["330000000000", "331000000000", "331023000000", "331023105000", "331023105201", "331082000000"]
SLUGS = ["bureau", "gov", "housing", "land-and-water", "x", "a1234567890123"]


# ---- files ----

def number(size, v):
    return v.to_bytes(size, "big")


def life(rng):
    sealed = rng.choice([0, 1, rng.randrange(1 << 40)])
    return b"daipao/life/1".ljust(16, b"\0") + rng.randbytes(16) + number(4, rng.randrange(1, 1 << 32)) + number(
        8, rng.randrange(9)) + number(8, sealed) + number(8, sealed + rng.choice([0, 65536])) + rng.randbytes(
            32) + bytes(4)


def key(rng):
    return b"daipao/key/1".ljust(16, b"\0") + b"seal".ljust(8, b"\0") + number(4, rng.randrange(1, 4)) + number(
        2, 32) + rng.randbytes(32) + bytes(32)


def backup(rng):
    rows = {(rng.randrange(48), rng.randbytes(rng.choice([1, 8, 20, 41]))): rng.randbytes(rng.choice([0, 8, 90]))
            for _ in range(rng.randrange(8))}
    order = sorted(rows) if rng.random() < 0.7 else list(rows)
    body = b"".join(bytes([table]) + number(2, len(k)) + number(4, len(rows[table, k])) + k + rows[table, k]
                    for table, k in order)
    return b"daipao/backup/1".ljust(16, b"\0") + body + b"\xff" + number(8, len(rows)) + bytes(4)


def damage(rng, b):
    b = bytearray(b)
    if rng.random() < 0.3:
        return bytes(b[:rng.randrange(len(b))])
    b[rng.randrange(len(b))] ^= 1 << rng.randrange(8)
    return bytes(b)


def stored(rng, i):
    which, make = ((LIFE, life), (KEY, key), (BACKUP, backup))[i % 3]
    made = make(rng)
    return bytes([which]) + (damage(rng, made) if i % 4 == 3 else made)


# ---- words ----

def check_character(text):
    total = 36
    for c in text:
        if c.isalnum():
            total = (total + int(c, 36)) % 36
            total = (total or 36) * 2 % 37
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(37 - total) % 36]


def day(rng):
    return rng.choice(["2026-02-13", "1970-01-01", "2024-02-29", "1850-01-01", "9999-12-31",
                       f"{rng.randrange(1900, 2100)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"])


def node(rng):
    return rng.choice(DIVISIONS) + rng.choice(["", "", ".01", ".05", ".99"])


def case_number(rng):
    text = f"{node(rng)}-{day(rng).replace('-', '')}-{rng.choice('LVWTFO')}-{rng.randrange(1, 100000):05}"
    return f"{text}-{check_character(text)}"


def words(rng, i):
    make = (node, day, case_number, lambda r: f"{node(r)}/{r.choice(SLUGS)}",
            lambda r: f"{node(r)}:{r.randrange(1, 1 << 32):08x}:{r.randrange(1, 1 << r.choice([4, 20, 60]))}")[i % 5]
    made = make(rng).encode()
    return damage(rng, made) if i % 8 == 7 else made


# ---- registrations ----

TEXTS = ["王小明", "道路损坏", "", "9901011960010199", "13800001111", "a\nb", "x" * 300]


def some(rng, pairs):
    """A part of them, in any order."""
    chosen = [pair for pair in pairs if rng.random() < 0.5]
    rng.shuffle(chosen)
    return dict(chosen)


def registration(rng):
    def text():
        return rng.choice(TEXTS)
    person = [("name", text()), ("id_type", 1), ("id_no", text()), ("phone", text()), ("address", text()),
              ("address_div", DIVISIONS[3]), ("gender", 2), ("birth", day(rng)), ("anonymous", False), ("main", True),
              ("proxy_name", text()), ("proxy_note", text())]
    made = some(rng, [("channel", rng.choice("LVWTFO")), ("origin", 1), ("purpose", rng.choice([1, "accusation"])),
                      ("category", rng.choice([0, 101, 999])), ("headcount", rng.randrange(9)), ("involved", 3),
                      ("residence_div", DIVISIONS[3]), ("problem_div", DIVISIONS[4]), ("petition_date", "2026-02-13"),
                      ("source_system", "12345"), ("source_no", "A-17"), ("national_no", text()),
                      ("profile", "national-r22"), ("split_from", text()), ("title", text()), ("summary", text()),
                      ("content", text()), ("demand", text()), ("receipt", "2026-03-02"),
                      ("flags", rng.choice([[], ["urgent"]])), ("respondents", [f"{DIVISIONS[2]}/bureau"]),
                      ("respondent", {"name": text(), "org": text(), "rank": text()})])
    made["petitioners"] = [some(rng, person) for _ in range(rng.randrange(1, 6))]
    return json.dumps(made, ensure_ascii=rng.random() < 0.5).encode()


def form(rng):
    answers = [rng.choice(["", "visit", "letter"]), rng.choice(["", "claim", "wrong", "accusation"]),
               rng.choice(["", DIVISIONS[3], "12"]), "王小明", "9901011960010199", "13800001111", "平桥镇", "路灯", "坏了",
               "三天", ".", "修好"]
    return "\n".join(answers if rng.random() < 0.8 else answers[:rng.randrange(12)]).encode() + b"\n"


def intake(rng, i):
    made = form(rng) if i % 4 == 1 else registration(rng)
    return bytes([i % 4 == 1]) + (damage(rng, made) if i % 8 == 7 else made)


def main():
    for name, make in (("stored", stored), ("words", words), ("intake", intake)):
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        for i in range(SEEDS):
            with open(os.path.join(folder, f"made-{i:03}"), "wb") as f:
                f.write(make(random.Random(i), i))


if __name__ == "__main__":
    main()
