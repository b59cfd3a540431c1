# SPDX-License-Identifier: Apache-2.0
"""What the nodes of tests/fuzz/record live through, beside the demonstration and the test of the verbs.

A county with all its townships and as many villages as give enough certificates, each enrolled over the line;
limits and rest days in many editions; registers imported, looked at, referred up, transferred down.
"""
import csv
import datetime
import itertools
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "system")]
import verbs_rig  # noqa: E402

CITY, COUNTY = "331000000000", "331023000000"
VILLAGES_AT_ONCE = 10
# What a technician sets on a poor line, on an old machine, or to find a fault; one to three of them a node.
SETTINGS = {
    "link": ["rate-limit = {n}K", "day-budget = {n}M", "idle-budget = {n}K", "windows = 0{h}:00-1{h}:30",
             "windows = 0{h}:15-12:00, 2{h2}:30-06:00", "windows = always", "urgent-bypass = no"],
    "store": ["map-size = {n}M", "backup-keep = {n}", "map-size = 1G"],
    "clock": ["max-skew = {h1} min", "max-skew = {n} s"],
    "alarm": ["silence-days = {h1} working", "silence-days = {h1} days"],
    "log": ["level = info", "level = warn", "target = stderr", "level = error"],
    "node": ["language = zh", "language = en"],
}


class Node(verbs_rig.Node):
    def __init__(self, run, name, code, port=0, rng=None):
        super().__init__(run, name, code, port)
        self.rng = rng or random.Random(code)

    def configure(self):
        os.mkdir(self.dir, 0o755)
        os.mkdir(os.path.join(self.dir, "run"), 0o750)
        rng = self.rng
        text = {"node": [f"data-dir = {self.dir}/data", f"runtime-dir = {self.dir}/run"],
                "store": ["free-min = 1%"], "control": [f"group = {self.run.group}"]}
        if self.port:
            text["children"] = [f"listen = 127.0.0.1:{self.port}"]
        for section in rng.sample(sorted(SETTINGS), rng.randint(1, 3)):
            line = rng.choice(SETTINGS[section]).format(n=rng.randint(64, 900), h=rng.randint(6, 9),
                                                        h1=rng.randint(1, 9), h2=rng.randint(0, 3))
            text.setdefault(section, []).append(line)
        sections = list(text)
        rng.shuffle(sections)
        with open(self.conf, "w", encoding="utf-8") as f:
            for section in sections:
                f.write(f"[{section}]\n" + "".join(line + "\n" for line in text[section]) + rng.choice(["", "\n"]))

    def must(self, *words, office=""):
        answer = self.ask("-y", "--json", *words, office=office)
        if answer.returncode not in (0, 11):
            raise SystemExit(f"record: {self.name}: {' '.join(words)}: {answer.stdout}{answer.stderr}")
        return answer

    def rows(self, *words, office=""):
        return [c["number"] for c in (self.json(*words, office=office) or {"rows": []})["rows"]]


class Play:
    """Also what verbs_rig.Node takes for its run."""

    def __init__(self, folder, daipaod, daipao):
        self.dir, self.daipaod, self.daipao = folder, daipaod, daipao
        self.group = verbs_rig.group_name()
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                    "DAIPAO_DIVISIONS": os.path.join(ROOT, "conf", "divisions", "divisions.csv")}
        self.ports = itertools.count(verbs_rig.free_ports() + 20, 3)
        self.up = []

    def node(self, name, code, listens):
        n = Node(self, name, code, next(self.ports) if listens else 0)
        n.configure()
        n.start()
        self.up.append(n)
        return n

    def stop(self, nodes):
        for n in nodes:
            n.stop()
            self.up.remove(n)

    def enrol(self, parent, nodes):
        for n in nodes:
            token = parent.json("enroll", "token", n.code)["code"]
            n.must("node", "join", f"127.0.0.1:{parent.port}", token, n.code)
        for n in nodes:
            verbs_rig.until(30, lambda n=n: any(r["node"] == n.code for r in parent.json("enroll", "list")["requests"]),
                            f"{n.name} asks")
            parent.must("enroll", "approve", n.code)
        for n in nodes:
            verbs_rig.until(30, lambda n=n: (n.json("status") or {}).get("parent_link") == "up", f"{n.name} is enrolled")


def places():
    with open(os.path.join(ROOT, "conf", "divisions", "divisions.csv"), encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    below = {}
    for r in rows:
        below.setdefault(r["parent"], []).append(r["code"])
    return below


def offices(nodes):
    """An office at each node, known at all of them."""
    for n in nodes:
        for other in nodes:
            other.must("office", "add", f"{n.code}/bureau", f"{n.name} 信访")
        n.must("officer", "add", f"{n.code}/bureau", "1", "--user", str(os.getuid()), "--roles", "clerk,head")


def edited_profile(text, edition, rng):
    """The next edition: some limits changed, as a bureau would."""
    text = re.sub(r"(?m)^edition = \d+", f"edition = {edition}", text)
    text = re.sub(r"(?m)^valid-from = .*", f"valid-from = {datetime.date(2026, 1, 1) + datetime.timedelta(edition)}", text)
    text = re.sub(r"(?m)^days = ([1-9]\d*)$", lambda m: f"days = {max(1, int(m[1]) + rng.randint(-3, 5))}", text)
    return text if rng.random() < 0.5 else re.sub(r"(?m)^;.*\n", "", text)


def edited_calendar(text, edition, rng):
    """The next edition: some days struck out, as when a holiday is moved."""
    text = re.sub(r"(?m)^# edition: \d+", f"# edition: {edition}", text)
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("20") or rng.random() < 0.8)


def publish(city, folder):
    rng = random.Random(1)
    for what, edit, suffix in (("profile", edited_profile, "conf"), ("calendar", edited_calendar, "csv")):
        names = sorted(os.listdir(os.path.join(ROOT, "conf", what)))
        editions = {}
        for i in range(216):
            with open(os.path.join(ROOT, "conf", what, names[i % len(names)]), encoding="utf-8") as f:
                text = f.read()
            key = re.search(r"(?m)^(?:# )?id\s*[:=]\s*(\S+)", text)[1]
            editions[key] = editions.get(key, 9) + 1
            path = os.path.join(folder, f"edited.{suffix}")
            with open(path, "w", encoding="utf-8") as f:
                f.write(edit(text, editions[key], rng) if i >= len(names) else text)
            city.ask("-y", what, "publish", path, office="bureau")


def import_rows(n, folder, seed, rows, town=None):
    path = os.path.join(folder, f"register-{seed}.csv")
    subprocess.run([sys.executable, os.path.join(ROOT, "tests", "support", "make_register.py"), "--seed", str(seed),
                    "--rows", str(rows), "--out", path] + (["--town", town] if town else []), check=True)
    n.must("import", path, office="bureau")
    return n.rows("case", "list", "--limit", "400", office="bureau")


def answer_open_offers(low, numbers):
    for number in numbers:
        low.ask("-y", "case", "sign", number, office="bureau")
        low.ask("-y", "case", "show", number, office="bureau")
        low.ask("-y", "case", "accept", number, office="bureau")


def cases(play, county, town):
    """Up with their persons, looked at above; and down, out of blocks of which the township may see little."""
    up = import_rows(town, play.dir, 11, 130, town.code)
    for number in up:
        town.ask("case", "show", number, office="bureau")
    for number in up:
        town.ask("-y", "case", "refer-up", number, f"{COUNTY}/bureau", office="bureau")
    verbs_rig.until(30, lambda: county.ask("-n", "case", "accept", up[-1], office="bureau").returncode == 0, "they arrive")
    for number in up:
        county.ask("case", "show", number, office="bureau")
        county.ask("-y", "case", "note", number, "已电话联系，约定下周面谈。", office="bureau")
    own = import_rows(county, play.dir, 12, 200)
    down = []
    for number in own[::2]:
        if county.ask("-y", "case", "transfer", number, f"{town.code}/bureau", office="bureau").returncode == 0:
            down.append(number)
    verbs_rig.until(30, lambda: town.ask("-n", "case", "sign", down[-1], office="bureau").returncode == 0, "they arrive")
    answer_open_offers(town, down)


def run(folder, daipaod, daipao):
    play = Play(folder, daipaod, daipao)
    below = places()
    try:
        city, county = play.node("city", CITY, True), play.node("county", COUNTY, True)
        city.must("node", "init", CITY, "台州市")
        play.enrol(city, [county])
        towns = [play.node(f"town{i}", code, True) for i, code in enumerate(below[COUNTY])]
        play.enrol(county, towns)
        offices([city, county, towns[0]])
        publish(city, folder)
        cases(play, county, towns[0])
        for town in towns:
            for group in (below[town.code][:VILLAGES_AT_ONCE], below[town.code][VILLAGES_AT_ONCE:13]):
                villages = [play.node(f"village{code}", code, False) for code in group]
                play.enrol(town, villages)
                play.stop(villages)
    finally:
        for n in reversed(play.up):
            n.stop()
