#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of the control protocol: seeds_control.py FOLDER makes FOLDER/control/made-NNN.

Messages are built field by field from proto/control.proto; one in three is then damaged.
"""
import os
import random
import sys

SEEDS = 48
WORDS = ["00017-K", "331023105000/gov", "331023000000:1f2e3d4c:17", "天台县信访局", "王小明", "5678", "", "x" * 60]
QUERIES = ("status inbox list show track find log digest links link offices officers enrolments calendars profiles "
           "orders errands alarms quarantine file").split()
VERBS = ["node.init", "node.join", "enroll.token", "enroll.revoke", "officer.add", "profile.publish", "backup"]
KINDS = [1, 3, 4, 5, 6, 7, 9, 10, 12, 17, 18, 19, 21, 22, 25, 27, 28]


def varint(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def number(field, v):
    return varint(field << 3) + varint(v)


def data(field, v):
    v = v.encode() if isinstance(v, str) else v
    return varint(field << 3 | 2) + varint(len(v)) + v


def some(rng, rows):
    """A part of the rows, in their order."""
    return b"".join(row for row in rows if rng.random() < 0.5)


def person(rng):
    return some(rng, [data(1, rng.choice(WORDS)), number(2, rng.randrange(100)), data(3, "9901011960010199"),
                      data(4, "13800001111"), data(5, "平桥镇"), data(6, "331023105001"), number(7, rng.randrange(10)),
                      number(8, rng.choice([1, 7300, 2**32 - 3650])), number(10, 1), data(12, "a\nb")])


def part(rng):
    kind = rng.randrange(1, 5)
    out = number(1, kind)
    if kind == 1:
        return out + b"".join(data(2, person(rng)) for _ in range(rng.randrange(1, 6)))
    fields = {2: [3, 4, 5], 3: [6, 7, 8, 9], 4: [10]}[kind]
    return out + b"".join(data(f, rng.choice(WORDS)) for f in fields)


def intake(rng):
    return some(rng, [data(1, rng.choice("LVWTFO")), number(2, rng.randrange(10)), number(3, rng.choice([2, 4, 99])),
                      number(4, rng.randrange(1000000)), number(5, rng.randrange(4096)), number(6, 3),
                      data(8, "331023105001"), data(9, "331023105001"), data(10, "331023000000/housing"),
                      number(11, 20000), data(12, "12345"), data(13, "A-17"), data(15, "national-r22")])


def step(rng):
    kind = rng.choice(KINDS)
    out = number(1, kind) + some(rng, [data(2, rng.choice(WORDS)), data(3, rng.choice(WORDS)), number(4, 20500),
                                       number(6, rng.randrange(9)), number(9, 30), number(11, 20000),
                                       data(13, WORDS[2])])
    if kind == 1:
        out += data(15, intake(rng))
    for _ in range(rng.randrange(3)):
        out += data(16, part(rng))
    if kind == 19:
        out += data(17, data(1, "a.pdf") + number(2, 1) + number(3, 4) + number(4, 1) + data(5, b"%PDF"))
    return data(1, out + data(20, bytes(rng.randrange(33))))


def query(rng):
    return data(2, data(1, rng.choice(QUERIES)) + some(rng, [data(2, rng.choice(WORDS)), number(3, 5),
                                                             data(4, rng.choice(WORDS)), data(5, "5678"),
                                                             number(6, rng.randrange(1 << 40)), number(7, 100),
                                                             number(10, 1), data(11, WORDS[2]), data(12, "closed")]))


def admin(rng):
    return data(3, data(1, rng.choice(VERBS)) + some(rng, [data(2, "331023105000"), data(3, WORDS[3]),
                                                           data(4, "10.0.0.1:7310"), data(7, WORDS[1]),
                                                           number(8, 1), number(9, 1000), number(10, 7),
                                                           data(12, b"[sign]\ndays = 3\n")]))


def blob(rng):
    return data(4, data(1, "u1") + number(2, rng.randrange(1 << 30)) + data(3, bytes(rng.randrange(64))))


def request(rng):
    out = number(1, 1) + number(2, rng.randrange(1 << 32)) + some(rng, [data(3, WORDS[1]), number(4, 1)])
    for _ in range(rng.choice([1, 1, 2, 5])):
        out += data(5, rng.choice([step, step, query, admin, blob])(rng))
    return out


def damage(rng, b):
    b = bytearray(b)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(b))
        if rng.random() < 0.3:
            del b[at:]
            return bytes(b) or b"\0"
        b[at] = rng.randrange(256)
    return bytes(b)


def main():
    folder = os.path.join(sys.argv[1], "control")
    os.makedirs(folder, exist_ok=True)
    for i in range(SEEDS):
        rng = random.Random(i)
        made = request(rng)
        if i % 3 == 2:
            made = damage(rng, made)
        with open(os.path.join(folder, f"made-{i:03}"), "wb") as f:
            f.write(made)


if __name__ == "__main__":
    main()
