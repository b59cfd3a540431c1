#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeded registers (台账) of one county, for tests, the demonstration and the simulator.

Places are real codes and names of conf/divisions; persons, firms and events are invented.
Identity numbers have a right check digit but a region (99) that does not exist; phone numbers
have a subscriber part that begins with 0, which no exchange gives out. Channels, purposes,
classes and sizes of groups are distributed as in the reports of county bureaus; one row in
twenty holds a mistake that the offices have to repair.

  make_register.py --seed 7 --rows 500 --out register.csv --scenario lives.jsonl

A scenario has one JSON object per row: what the row says, typed (`expect`), and the life the
matter is meant to have (`life`: kinds of entries by the words of proto/RULES.md).
"""
import argparse
import csv
import datetime
import io
import json
import os
import random
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
import register_topics as topics  # noqa: E402

COUNTY = 331023000000
BUREAU = "331023000000/bureau"
HERE = os.path.dirname(os.path.abspath(__file__))
DIVISIONS = os.path.join(HERE, "..", "..", "conf", "divisions", "divisions.csv")

COLUMNS = ["信访编号", "来源系统", "来源编号", "登记日期", "收件日期", "信访日期", "信访形式", "信访来源", "信访目的",
           "内容分类", "信访人姓名", "证件号码", "联系电话", "住址", "人数", "问题属地", "被反映人", "被反映单位",
           "标题", "内容", "主要诉求", "责任单位", "办理期限", "是否重复", "是否集体", "是否保密", "是否匿名"]

# Columns of older systems that an import must never take (R-N4-1), and one that nobody knows.
FORBIDDEN = ["重点人员标志", "扬言内容", "是否有进京访风险", "特殊人员标志", "异常动态", "越级标志", "政治面貌", "民族",
             "信访人信用等级"]
UNKNOWN = "备注栏"
MARK = "NEVERTAKEN"  # begins every value of the columns above

# letter, weight, words of the column with the origin that each implies
CHANNELS = [("W", 52, [("网上信访", 0), ("网上", 0), ("手机信访", 0), ("县长信箱", 6)]),
            ("V", 24, [("来访", 0), ("走访", 0), ("接访", 0), ("下访", 3), ("矛调中心", 5)]),
            ("L", 13, [("来信", 0), ("群众来信", 0)]),
            ("T", 9, [("电话", 0), ("来电", 0), ("12345热线", 4)]),
            ("F", 1, [("传真", 0)]),
            ("O", 1, [("其他", 0)])]
PURPOSES = [(4, 68, ["求决", "申诉求决", "投诉请求"]), (2, 8, ["检举控告", "举报"]), (5, 8, ["咨询"]),
            (1, 7, ["建议", "意见建议"]), (3, 6, ["申诉"]), (6, 2, ["感谢"]), (99, 1, ["其他"])]
ORIGINS = [("本人", 1), ("走访发现", 3), ("上级转送", 7), ("代办", 2)]
SYSTEMS = [("四平台", 20), ("12345", 15), ("国家信访", 10)]
MISTAKES = ["wrong_office", "correction", "duplicate", "split"]


def pick(rng, weighted):
    """One of [(value, weight, ...)], whole row."""
    total = sum(row[1] for row in weighted)
    at = rng.randrange(total)
    for row in weighted:
        at -= row[1]
        if at < 0:
            return row
    raise AssertionError


class Places:
    """The townships of the county and their villages."""

    def __init__(self, path, only=None):
        self.names, self.villages = {}, {}
        with open(path, encoding="utf-8", newline="") as f:
            for row in csv.DictReader(f):
                self.names[int(row["code"])] = row["name"]
        for code in sorted(self.names):
            if code // 1000000 != COUNTY // 1000000 or code == COUNTY:
                continue
            if code % 1000 == 0:
                self.villages[code] = []
            else:
                self.villages[code // 1000 * 1000].append(code)
        self.all = [v for town in sorted(self.villages) for v in self.villages[town] if only in (None, town)]

    @staticmethod
    def town_of(code):
        return code // 1000 * 1000

    def short(self, code):
        """As people say it: 村 for 村委会."""
        name = self.names[code]
        return name[:-2] if name.endswith("村委会") else name

    def written(self, rng, code):
        """As a clerk writes it into the column."""
        if code == COUNTY:
            return rng.choice(["天台县", "331023000000"])
        town = self.names[self.town_of(code)]
        if code % 1000 == 0:
            return rng.choice([town, "天台县" + town, str(code)])
        return rng.choice([town + self.names[code], town + self.short(code), "天台县" + town + self.short(code),
                           "浙江省台州市天台县" + town + self.short(code), town + self.short(code) + "%d组" % rng.randint(1, 9),
                           str(code)])


def check_digit(seventeen):
    """GB 11643-1999, ISO 7064 MOD 11-2."""
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return "10X98765432"[sum(int(d) * w for d, w in zip(seventeen, weights)) % 11]


def person(rng, places, village):
    name = rng.choice(topics.SURNAMES) + "".join(rng.choice(topics.GIVEN) for _ in range(rng.choice([1, 2, 2])))
    born = datetime.date(1938, 1, 1) + datetime.timedelta(days=rng.randrange(25000))
    number = "99%04d%s%03d" % (rng.randrange(10000), born.strftime("%Y%m%d"), rng.randrange(1000))
    address = places.names[places.town_of(village)] + places.short(village) + "%d号" % rng.randint(1, 399)
    return {"name": name, "id_no": number + check_digit(number), "phone": "0576-0%07d" % rng.randrange(10 ** 7),
            "address": address}


def group_size(rng, channel):
    """Mostly one; the mean of a visit is near 3.76, with a tail beyond 20."""
    at = rng.random()
    if channel != "V":
        return 1 if at < 0.95 else rng.randint(2, 30)
    if at < 0.70:
        return 1
    if at < 0.85:
        return rng.randint(2, 4)
    return rng.randint(5, 12) if at < 0.945 else rng.randint(13, 60)


class Words:
    """Fills the slots of the sentences."""

    def __init__(self, rng, places, village):
        self.rng, self.places, self.village = rng, places, village

    def fill(self, text):
        rng, places = self.rng, self.places
        slots = {
            "village": places.short(self.village), "town": places.names[places.town_of(self.village)],
            "month": rng.randint(1, 12), "year": rng.randint(1998, 2025), "n": rng.randint(2, 28),
            "days": rng.randint(8, 200), "money": rng.choice(["%d" % (rng.randint(3, 980) * 100), "%d万" % rng.randint(1, 60)]),
            "mu": "%.1f" % (rng.randint(3, 95) / 10), "group": "%d组" % rng.randint(1, 12),
            "house": "%d幢%d" % (rng.randint(1, 20), rng.randint(101, 1804)), "firm": rng.choice(topics.FIRMS),
            "road": rng.choice(topics.ROADS), "school": rng.choice(topics.SCHOOLS),
            "clinic": rng.choice(topics.CLINICS), "who": rng.choice(topics.WHO)}
        return text.format(**slots)

    def body(self, topic):
        rng = self.rng
        facts = rng.sample(topic["facts"], rng.randint(1, min(3, len(topic["facts"]))))
        parts = [rng.choice(topics.OPENINGS), "。".join(facts) + "。", rng.choice(topics.PROCESS), rng.choice(topics.CLOSINGS)]
        return self.fill(rng.choice(["", "", "", "\n"]).join(p for p in parts if p))


class Life:
    """The entries a matter is meant to have, in days after its receipt."""

    def __init__(self, rng, office):
        self.rng, self.day, self.holder, self.steps = rng, 0, office, []
        self.add("register", office)

    def add(self, act, office, **more):
        self.steps.append(dict({"day": self.day, "act": act, "by": office}, **more))

    def wait(self, low, high):
        self.day += self.rng.randint(low, high)

    def deliver(self, to):
        """The daemon of the addressee, then a person of it."""
        self.add("arrive", to.split("/")[0] + "/node")
        self.wait(0, 1)
        self.add("sign", to)

    def move(self, act, to, **more):
        """An offer that is accepted."""
        self.add(act, self.holder, to=to, **more)
        self.wait(0, 2)
        self.deliver(to)
        self.wait(0, 4)
        self.add("accept", to)
        self.holder = to

    def refused(self, act, to):
        """An offer to the wrong office: objected to, the objection granted (R22 23)."""
        self.add(act, self.holder, to=to)
        self.wait(0, 2)
        self.deliver(to)
        self.wait(1, 4)
        self.add("object", to, reason="not our remit")
        self.deliver(self.holder)
        self.add("objection_answer", self.holder, answer="grant")

    def finish(self, thanks=False):
        if thanks:
            self.add("close", self.holder, code="ANSWERED")
            return
        self.wait(3, 50)
        if self.rng.random() < 0.06:
            self.add("extend", self.holder, days=self.rng.choice([10, 15, 30]))
            self.wait(5, 25)
        result = pick(self.rng, [("SUPPORT", 55), ("EXPLAIN", 30), ("NOT_SUPPORT", 15)])[0]
        self.add("opinion", self.holder, result=result)
        self.wait(1, 6)
        self.add("serve", self.holder, way=self.rng.choice([0, 0, 1, 2]), signed=int(self.rng.random() < 0.95))
        if self.rng.random() < 0.6:
            self.wait(2, 20)
            self.add("evaluate", self.holder, office_score=self.rng.choice([0, 0, 0, 1, 3]),
                     unit_score=self.rng.choice([0, 0, 1, 1, 3]))
        self.wait(5, 31)
        self.add("close", self.holder, code="OPINION_FINAL")


class Maker:
    def __init__(self, seed, places, start, days):
        self.rng, self.places, self.start, self.days = random.Random(seed), places, start, days
        self.claims = []

    def date(self, d):
        forms = [d.isoformat(), "%d/%d/%d" % (d.year, d.month, d.day), "%d年%d月%d日" % (d.year, d.month, d.day), d.strftime("%Y%m%d")]
        return self.rng.choice(forms)

    def when(self):
        rng = self.rng
        received = self.start + datetime.timedelta(days=rng.randrange(self.days))
        petition = received - datetime.timedelta(days=rng.choice([0, 0, 0, 1, 2, 5]))
        registered = received + datetime.timedelta(days=rng.choice([0, 0, 0, 0, 1, 3]))
        return petition, received, registered

    def first_office(self, channel, village):
        """Visits come to villages and townships, the web and letters to the county."""
        at, town = self.rng.random(), Places.town_of(village)
        if channel in "VT" and at < 0.45:
            return "%d/station" % village
        if at < (0.75 if channel in "VT" else 0.15):
            return "%d/bureau" % town
        return BUREAU

    def errand(self, e, words):
        """代跑: a village station runs it, alone or up to the township."""
        title, text = self.rng.choice(topics.ERRANDS)
        text += self.rng.choice(["", "住{group}，白天都在家。", "最好在{month}月底前办好。", "家中电话有人接。", "已问过{n}次。"])
        e.update(kind="errand", purpose=4, title=words.fill(title), content=words.fill(text), demand="", category=0,
                 office=("station", "村代跑站"), channel="V", channel_word="走访", origin_word="代跑", origin=2, headcount=1)
        life = Life(self.rng, "%d/station" % e["village"])
        if self.rng.random() < 0.4:
            life.move("refer_up", "%d/bureau" % Places.town_of(e["village"]), reason="to be handled by the township")
        life.wait(0, 5)
        life.add("opinion", life.holder, result="SUPPORT")
        life.add("serve", life.holder, way=0, signed=1)
        life.add("close", life.holder, code="OPINION_FINAL")
        return life

    def accusation(self, e, words):
        e.update(title=words.fill(self.rng.choice(topics.CONDUCT["titles"])), content=words.body(topics.CONDUCT),
                 demand=self.rng.choice(topics.CONDUCT["demands"]), category=130000, office=topics.CONDUCT["office"],
                 protected=True, confidential=self.rng.random() < 0.7, anonymous=self.rng.random() < 0.4,
                 respondents=["%d/station" % e["village"]], respondent_name=self.rng.choice(topics.SURNAMES) + "某",
                 respondent_org="本村村委会")
        life = Life(self.rng, self.first_office(e["channel"], e["village"]))
        if life.holder != BUREAU:  # R-N3-4: a parcel past the accused, registered anew above
            life.add("parcel", life.holder, to=BUREAU)
            life.wait(0, 2)
            life = self.restart(life, BUREAU)
        life.move("transfer", "331023000000/discipline")
        life.wait(5, 40)
        life.add("close", life.holder, code="ANSWERED")
        return life

    def restart(self, life, office):
        again = Life(self.rng, office)
        again.steps = life.steps + [dict(again.steps[0], day=life.day, note="own name, answered by parcel")]
        again.day = life.day
        return again

    def light(self, e, words):
        """Suggestion, question, thanks: answered on the spot."""
        lists = {1: topics.SUGGESTIONS, 5: topics.QUESTIONS, 6: topics.THANKS, 99: topics.QUESTIONS}
        text = words.fill(self.rng.choice(lists[e["purpose"]]))
        topic = pick(self.rng, [(t, t["weight"]) for t in topics.TOPICS])[0]
        e.update(title=text[:18].rstrip("，。？") + "等", content=text, demand="", category=990000, category_word="其他", office=topic["office"])
        life = Life(self.rng, self.first_office(e["channel"], e["village"]))
        life.wait(0, 3)
        if life.holder.endswith("/station"):
            life.move("refer_up", "%d/bureau" % Places.town_of(e["village"]), reason="a station does not answer")
        life.finish(thanks=True)
        return life

    def claim(self, e, words):
        rng, town = self.rng, Places.town_of(e["village"])
        topic = pick(rng, [(t, t["weight"]) for t in topics.TOPICS])[0]
        slug, _ = topic["office"]
        e.update(title=words.fill(rng.choice(topic["titles"])), content=words.body(topic), demand=rng.choice(topic["demands"]),
                 category=topic["category"], category_word=rng.choice(topic["words"]), office=topic["office"])
        life = Life(rng, self.first_office(e["channel"], e["village"]))
        life.wait(0, 3)
        if life.holder.endswith("/station"):
            life.move("refer_up", "%d/bureau" % town, reason="beyond the station")
        if life.holder != BUREAU and (e["mistake"] == "wrong_office" or rng.random() < 0.5):
            life.move("refer_up", BUREAU, reason="beyond the township")
        if life.holder == BUREAU:
            to = "331023000000/%s" % slug if rng.random() < 0.65 else "%d/bureau" % town
            if e["mistake"] == "wrong_office":
                wrong = rng.choice([t["office"][0] for t in topics.TOPICS if t["office"][0] != slug])
                life.refused("transfer", "331023000000/" + wrong)
            if rng.random() < 0.3:
                life.move("assign", to, report_by_days=rng.choice([30, 45, 60]))
            else:
                life.move("transfer", to)
        life.finish()
        return life

    def mend(self, e, words, life):
        """Mistakes that show in the life: a correction, a duplicate, a mixed letter."""
        if e["mistake"] == "correction":
            life.steps.insert(1, {"day": 0, "act": "correct", "by": life.steps[0]["by"], "part": "petitioners"})
        elif e["mistake"] == "split":
            e["content"] += "\n另外，" + words.fill(self.rng.choice(topics.CONDUCT["facts"])) + "。"
            life.steps.insert(1, {"day": 0, "act": "split", "by": life.steps[0]["by"], "of": "accusation"})
        elif e["mistake"] == "duplicate":
            other = self.rng.choice(self.claims)
            for key in ("village", "name", "id_no", "phone", "address", "category", "category_word", "demand", "office"):
                e[key] = other[key]
            e.update(title=other["title"] + "（再次反映）", content=other["content"], duplicate_of=other["row"], repeat=True)
            late = max(0, (other["received"] - e["received"]).days) + self.rng.randint(1, 20)
            for key in ("petition", "received", "registered"):
                e[key] += datetime.timedelta(days=late)
            office = BUREAU if not life.steps[0]["by"].endswith("/bureau") else life.steps[0]["by"]
            life = Life(self.rng, office)
            life.wait(0, 3)
            life.add("refuse_duplicate", office, other_row=other["row"])
            life.add("close", office, code="MERGED")
        return life

    def mistake(self):
        """One claim in ten, which is one row in twenty."""
        kind = self.rng.choice(MISTAKES)
        if self.rng.random() >= 0.1 or (kind == "duplicate" and not self.claims):
            return None
        return kind

    def make(self, row):
        rng = self.rng
        village = rng.choice(self.places.all)
        petition, received, registered = self.when()
        letter, _, written = pick(rng, CHANNELS)
        word, implied = rng.choice(written)
        purpose, _, purpose_words = pick(rng, PURPOSES)
        origin_word, origin = rng.choice(ORIGINS) if rng.random() < 0.3 else ("", 0)
        e = dict(row=row, kind="case", village=village, petition=petition, received=received, registered=registered,
                 channel=letter, channel_word=word, origin_word=origin_word, origin=origin or implied, purpose=purpose,
                 purpose_word=rng.choice(purpose_words), headcount=group_size(rng, letter), category_word="",
                 protected=False, confidential=False, anonymous=False, repeat=rng.random() < 0.12, respondents=[],
                 respondent_name="", respondent_org="", mistake=None, duplicate_of=None)
        e.update(person(rng, self.places, village))
        words = Words(rng, self.places, village)
        if rng.random() < 0.3:
            e["purpose_word"] = "求助"
            life = self.errand(e, words)
        elif purpose == 2:
            life = self.accusation(e, words)
        elif purpose in (3, 4):
            e["mistake"] = self.mistake()
            life = self.mend(e, words, self.claim(e, words))
            self.claims.append(e)
        else:
            life = self.light(e, words)
        if e["anonymous"]:
            e.update(name="", id_no="", phone="", address="")
        return e, life

    def numbers(self, e):
        system = pick(self.rng, SYSTEMS + [("", 55)])[0]
        foreign = "%s%06d" % ({"四平台": "PT", "12345": "GD", "国家信访": "GX"}[system], e["row"] * 7 + 100000) if system else ""
        return "TT%d%05d" % (e["received"].year, e["row"]), system, foreign

    def cells(self, e):
        number, system, foreign = self.numbers(e)
        rng = self.rng
        due = e["received"] + datetime.timedelta(days=75)
        place = e["village"] if rng.random() < 0.9 else Places.town_of(e["village"])
        category = rng.choice([e["category_word"], "%06d" % e["category"]]) if e["category_word"] else (
            "%06d" % e["category"] if e["category"] else "")
        row = [number, system, foreign, self.date(e["registered"]), self.date(e["received"]), self.date(e["petition"]),
               e["channel_word"], e["origin_word"], e["purpose_word"], category, e["name"], e["id_no"], e["phone"],
               e["address"], "%d人" % e["headcount"] if rng.random() < 0.3 else str(e["headcount"]),
               self.places.written(rng, place), e["respondent_name"], e["respondent_org"], e["title"], e["content"],
               e["demand"], e["office"][1], self.date(due), "是" if e["repeat"] else rng.choice(["否", ""]),
               "是" if e["headcount"] >= 5 else "否", "是" if e["confidential"] else "", "是" if e["anonymous"] else ""]
        expect = dict(source_system=system, source_no=foreign or number, registered_on=e["registered"].isoformat(),
                      received_on=e["received"].isoformat(), petition_on=e["petition"].isoformat(), due_on=due.isoformat(),
                      channel=e["channel"], origin=e["origin"], purpose=e["purpose"], category=e["category"],
                      headcount=e["headcount"], problem_div=str(place), repeat=e["repeat"], group=e["headcount"] >= 5,
                      confidential=e["confidential"], anonymous=e["anonymous"], name=e["name"], id_no=e["id_no"],
                      phone=e["phone"], address=e["address"], title=e["title"], content=e["content"], demand=e["demand"],
                      respondent_name=e["respondent_name"], respondent_org=e["respondent_org"], handler=e["office"][1])
        return row, expect


def build(args):
    places = Places(args.divisions, args.town)
    maker = Maker(args.seed, places, datetime.date.fromisoformat(args.start), args.days)
    rows, scenario = [], []
    for n in range(1, args.rows + 1):
        e, life = maker.make(n)
        cells, expect = maker.cells(e)
        rows.append(cells)
        scenario.append(dict(row=n, kind=e["kind"], registered_at=life.steps[0]["by"], protected=e["protected"],
                             respondents=e["respondents"], mistake=e["mistake"], duplicate_of=e["duplicate_of"],
                             expect=expect, life=life.steps))
    return rows, scenario


def forbid(columns, rows, seed):
    """Adds the columns that must not be taken; every value of them begins with MARK."""
    rng = random.Random("forbidden %d" % seed)
    columns = columns + FORBIDDEN + [UNKNOWN]
    return columns, [r + [MARK + "%08x" % rng.getrandbits(32) for _ in FORBIDDEN + [UNKNOWN]] for r in rows]


def shuffle(columns, rows, seed):
    order = list(range(len(columns)))
    random.Random("columns %d" % seed).shuffle(order)
    return [columns[i] for i in order], [[r[i] for i in order] for r in rows]


def encode(columns, rows, encoding, newline):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=newline)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode({"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "gb18030": "gb18030"}[encoding])


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rows", type=int, default=500)
    p.add_argument("--start", default="2026-01-05", help="first day of receipt")
    p.add_argument("--days", type=int, default=180, help="days over which the rows are spread")
    p.add_argument("--town", type=int, help="only villages of this township, by its code")
    p.add_argument("--columns-shuffled", action="store_true")
    p.add_argument("--encoding", choices=["utf-8", "utf-8-bom", "gb18030"], default="utf-8")
    p.add_argument("--crlf", action="store_true")
    p.add_argument("--with-forbidden-columns", action="store_true")
    p.add_argument("--divisions", default=DIVISIONS)
    p.add_argument("--out", help="CSV file (default: standard output)")
    p.add_argument("--scenario", help="file for the lives of the rows, JSON lines")
    return p.parse_args()


def main():
    args = arguments()
    rows, scenario = build(args)
    columns = list(COLUMNS)
    if args.with_forbidden_columns:
        columns, rows = forbid(columns, rows, args.seed)
    if args.columns_shuffled:
        columns, rows = shuffle(columns, rows, args.seed)
    data = encode(columns, rows, args.encoding, "\r\n" if args.crlf else "\n")
    if args.out:
        with open(args.out, "wb") as f:
            f.write(data)
    else:
        sys.stdout.buffer.write(data)
    if args.scenario:
        with open(args.scenario, "w", encoding="utf-8") as f:
            for line in scenario:
                f.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
