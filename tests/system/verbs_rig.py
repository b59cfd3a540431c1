# SPDX-License-Identifier: Apache-2.0
"""Nodes for the test of the verbs, and the cases and files that its table names."""
import csv
import grp
import io
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from verbs_table import BLANK_CODE, CITY, COUNTY, TOWN, VILLAGE

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NOBODY = 65534
PERSON = "庞秀英"
MARK = "NEVERTAKEN"


def until(seconds, ask, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ask():
            return
        time.sleep(0.02)
    raise SystemExit(f"verbs: waited {seconds} s in vain: {what}")


# ---- nodes ----

class Node:
    def __init__(self, run, name, code, port=0):
        self.run, self.name, self.code, self.port = run, name, code, port
        self.dir = os.path.join(run.dir, name)
        self.conf = os.path.join(self.dir, "daipaod.conf")
        self.socket = os.path.join(self.dir, "run", "control.sock")
        self.process = None

    def configure(self):
        os.mkdir(self.dir, 0o755)
        os.mkdir(os.path.join(self.dir, "run"), 0o750)
        if os.getuid() == 0:
            os.chown(os.path.join(self.dir, "run"), 0, NOBODY)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"[node]\ndata-dir = {self.dir}/data\nruntime-dir = {self.dir}/run\n"
                    f"[store]\nmap-size = 256M\nfree-min = 1%\n[control]\ngroup = {self.run.group}\n")
            if self.port:
                f.write(f"[children]\nlisten = 127.0.0.1:{self.port}, 127.0.0.2:{self.port}\n")

    def start(self):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [self.run.daipaod, "-c", self.conf], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        until(20, lambda: self.ask("status").returncode == 0, f"{self.name} starts")

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def ask(self, *words, office="", before=(), **env):
        who = ["--as", f"{self.code}/{office}"] if office else []
        return subprocess.run([*before, self.run.daipao, "-s", self.socket, *who, *words], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
                              env={**self.run.env, **env})

    def json(self, *words, office=""):
        answer = self.ask("--json", *words, office=office)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    def offline(self, *words):
        return subprocess.run([self.run.daipaod, "-c", self.conf, *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)


class Run:
    def __init__(self, daipaod, daipao):
        self.daipaod = os.path.abspath(daipaod)
        self.dir = tempfile.mkdtemp(prefix="daipao-verbs.")
        os.chmod(self.dir, 0o755)
        self.daipao = shutil.copy(daipao, os.path.join(self.dir, "daipao"))  # where any user can run it
        self.group = group_name()
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                    "TEXTDOMAINDIR": os.path.join(os.path.dirname(os.path.abspath(daipao)), "locale"),
                    "DAIPAO_DIVISIONS": os.path.join(ROOT, "conf", "divisions", "divisions.csv")}
        port = free_ports()
        self.nodes = {n.name: n for n in (
            Node(self, "city", CITY, port), Node(self, "county", COUNTY, port + 3), Node(self, "township", TOWN, port + 6),
            Node(self, "village", VILLAGE), Node(self, "blank", BLANK_CODE), Node(self, "spare", "330000000000"),
            Node(self, "bare", CITY), Node(self, "nowhere", CITY))}

    def at(self, who, words, *options):
        name, _, office = who.partition("/")
        return self.nodes[name].ask(*options, *shlex.split(words), office=office)

    def must(self, who, words, code=0):
        answer = self.at(who, words, "-y", "--json")
        if answer.returncode != code:
            raise SystemExit(f"verbs: {who}: {words}: {answer.stdout}{answer.stderr}")
        return json.loads(answer.stdout)

    def close(self, keep, failed):
        for n in reversed(self.nodes.values()):
            n.stop()
        if failed:
            for n in self.nodes.values():
                print(f"-- {n.name}:", *tail(os.path.join(n.dir, "log")), sep="\n   ")
        if keep:
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir)


def free_ports():
    """The first of nine in a row that nobody listens on; every listener takes a second one, two further."""
    base = 21000 + os.getpid() % 1000 * 10
    while True:
        try:
            for port in range(base, base + 9):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return base
        except OSError:
            base += 10


def group_name():
    return grp.getgrgid(NOBODY if os.getuid() == 0 else os.getgid()).gr_name


def tail(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as f:
        return [line.rstrip() for line in f.readlines()[-5:]]


# ---- things that the table names ----

class Things(dict):
    """A name is made when it is first needed: "plain_2" by make_plain, and so on."""

    def __init__(self, run):
        super().__init__(city=CITY, county=COUNTY, town=TOWN, village=VILLAGE, person=PERSON, dir=run.dir,
                         conf=os.path.join(ROOT, "conf"), county_port=run.nodes["county"].port,
                         absent=f"{COUNTY}-20200101-V-99999-0")
        self.run = run
        for what in ("profile", "calendar"):
            self[what] = sorted(os.listdir(os.path.join(ROOT, "conf", what)))[0]

    def __missing__(self, key):
        self[key] = getattr(self, "make_" + re.sub(r"_\d+$", "", key))()
        return self[key]

    def fill(self, words):
        def one(m):
            name, _, of = m.group(1).partition(":")
            return self.entry_of(of) if name == "entry" else str(self[name])
        return re.sub(r"\{([^}]+)\}", one, words)

    def entry_of(self, thing):
        return self.run.must("county/bureau", f"case show {self[thing]}")["name"]

    def make_token(self):
        return self.run.must("county", f"enroll token {BLANK_CODE}")["code"]

    def make_asking(self):
        def pending():
            rows = self.run.must("county", "enroll list")["requests"]
            return any(r["node"] == BLANK_CODE and r["state"] == "pending" for r in rows)
        until(20, pending, "a request arrives")
        return BLANK_CODE

    def make_alarm(self):
        """The newcomer is told why it was refused."""
        until(20, lambda: any("wrong division" in a["text"] for a in self.run.must("blank", "alarms")["alarms"]),
              "the refusal is told")
        return "enrolment"

    def make_asking_again(self):
        """After the refusal."""
        assert self["alarm"]
        token = self.run.must("county", f"enroll token {BLANK_CODE}")["code"]
        self.run.must("blank", f"node join 127.0.0.1:{self['county_port']} {token} {BLANK_CODE}")
        return self.make_asking()

    def make_draft(self):
        self.run.must("county/bureau", "case register --draft --content 草稿")
        return self.run.must("county/bureau", "draft list")["rows"][-1]["draft"]

    def make_plain(self):
        return self.run.must("county/bureau", f"case register --name {PERSON} --phone 0576-00000012 --content 渗水")["number"]

    def make_below(self):
        """Of the village; all above know of it."""
        number = self.run.must("village/station", f"case register --name {PERSON} --content 渗水")["number"]
        until(20, lambda: self.run.at("county/bureau", f"case show {number}").returncode == 0, "a registration arrives")
        return number

    def make_offered(self):
        number = self.make_plain()
        self.run.must("county/bureau", f"case transfer {number} {TOWN}/bureau")
        return number

    def make_arrived(self):
        number = self.make_offered()
        until(20, lambda: self.run.at("township/bureau", f"case sign {number}", "-n").returncode == 0, "an offer arrives")
        return number

    make_at_town = make_arrived

    def make_objected(self):
        number = self.make_arrived()
        self.run.must("township/bureau", f"case object {number} 1")
        until(20, lambda: self.run.at("county/bureau", f"case objection {number} grant", "-n").returncode == 0, "it arrives")
        return number

    def make_accepted(self):
        number = self.make_arrived()
        self.run.must("township/bureau", f"case accept {number}")
        until(20, lambda: self.run.at("county/bureau", f"case recall {number}", "-n").returncode == 0, "an acceptance arrives")
        return number

    def make_assigned(self):
        number = self["plain_7"]
        until(20, lambda: self.run.at("township/bureau", f"case accept {number}", "-n").returncode == 0, "it arrives")
        return number

    def make_served(self):
        number = self.make_accepted()
        self.run.must("township/bureau", f"case opinion {number} support {self['paper']}")
        self.run.must("township/bureau", f"case serve {number} hand --signed yes --view agree")
        return number

    def make_lifted(self):
        number = self["plain_7"]
        self.run.must("county/bureau", f"order issue {number} {TOWN}/bureau --answer-by +30 --ground shirking")
        return number

    def make_ordered(self):
        number = self["accepted_2"]
        until(20, lambda: self.run.at("township/bureau", f"order answer {number} explained", "-n").returncode == 0,
              "an order arrives")
        return number

    def make_errand(self):
        return self.run.must("village/station", "errand open --content 代办老年证")["number"]

    def make_errand_arrived(self):
        number = self["errand"]
        until(20, lambda: self.run.at("township/bureau", f"errand pick-up {number}", "-n").returncode == 0, "it arrives")
        return number

    def make_paper(self):
        return self.write("paper.txt", "已约谈开发企业，定于十二月十日前复工。\n".encode())

    def make_register(self):
        return self.write("register.csv", rows_of(1, 3).encode("utf-8"))

    def make_bad_register(self):
        return self.write("bad.csv", rows_of(11, 2, bad=True).encode("utf-8"))

    def write(self, name, data):
        path = os.path.join(self.run.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path


def rows_of(first, count, bad=False):
    """A register; the columns that may never be taken hold MARK."""
    out = io.StringIO()
    w = csv.writer(out, lineterminator="\r\n")
    w.writerow(["来源系统", "来源编号", "收件日期", "信访形式", "信访目的", "信访人姓名", "联系电话", "标题", "内容",
                "重点人员标志", "扬言内容"])
    for i in range(first, first + count):
        w.writerow(["四平台", f"PT{i:06}", "2026-02-31" if bad and i > first else "2026-02-13", "来访", "咨询", PERSON,
                    "0576-00000012", f"咨询第{i}件", f"咨询医保缴费标准，第{i}件。", MARK + "1", MARK + "2"])
    return out.getvalue()


# ---- setting up ----

def enrol(run, name, parent):
    n, p = run.nodes[name], run.nodes[parent]
    token = run.must(parent, f"enroll token {n.code}")["code"]
    run.must(name, f"node join 127.0.0.1:{p.port} {token} {n.code}")
    until(20, lambda: any(r["node"] == n.code for r in run.must(parent, "enroll list")["requests"]), f"{name} asks")
    run.must(parent, f"enroll approve {n.code}")
    until(20, lambda: run.must(name, "status").get("parent_link") == "up", f"{name} is enrolled")


def set_up(run):
    offices = {"city": {"bureau": "台州市信访局", "housing": "台州市住建局"},
               "county": {"bureau": "天台县信访局", "housing": "天台县住建局"},
               "township": {"bureau": "平桥镇信访办"}, "village": {"station": "八角亭村代跑站"}}
    for n in run.nodes.values():
        n.configure()
        if n.name != "nowhere":
            n.start()
    run.must("city", f"node init {CITY} 台州市")
    for name, parent in (("county", "city"), ("township", "county"), ("village", "township")):
        enrol(run, name, parent)
    for at, own in offices.items():
        for slug, text in own.items():
            for name in offices:
                run.must(name, f"office add {run.nodes[at].code}/{slug} {text}")
            run.must(at, f"officer add {run.nodes[at].code}/{slug} 1 --user {os.getuid()} --roles clerk,head")
    # Two offices each, so that who does not say --as is asked to.
    run.must("village", f"office add {VILLAGE}/committee 八角亭村委会")
    run.must("village", f"officer add {VILLAGE}/committee 1 --user {os.getuid()} --roles clerk")
