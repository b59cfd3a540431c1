#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs for the session target: seeds_session.py FOLDER makes FOLDER/session/made-NNN.

Each begins with a good greeting, as session.c numbers its actions, and goes on with one kind of trouble more than
others.
"""
import os
import random
import sys

SEEDS = 64
GREET, ACTIONS, DETAILS = 0, 31, 8


def program(number):
    rng = random.Random(number)
    out = bytearray([GREET, 1])
    favourite = number % ACTIONS
    for _ in range(rng.randint(2, 14)):
        action = favourite if rng.random() < 0.5 else rng.randrange(ACTIONS)
        out.append(action)
        out += bytes(rng.choice([0, 1, rng.randrange(256)]) for _ in range(rng.randint(1, DETAILS)))
    return bytes(out)


def main():
    folder = os.path.join(sys.argv[1], "session")
    os.makedirs(folder, exist_ok=True)
    for number in range(SEEDS):
        with open(os.path.join(folder, f"made-{number:03}"), "wb") as f:
            f.write(program(number))


if __name__ == "__main__":
    main()
