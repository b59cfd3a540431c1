/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "store/kv_lmdb.h"
#include "store/layout.h"
#include "wire/block.h"

#define BATCH 200 /* commands in one request */
#define UNDER_WAY 1000
#define CALL_MS 60000
#define NOTE 18
#define ATTACHMENT 19

typedef Daipao__Control__V1__Request Request;
typedef Daipao__Control__V1__Command Command;
typedef Daipao__Control__V1__Step Step;
typedef Daipao__Control__V1__Intake Intake;
typedef Daipao__Control__V1__Part Part;
typedef Daipao__Control__V1__Person Person;
typedef Daipao__Control__V1__File File;

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ---- the tree ---- */

static void set_up(struct tree *t, const char *daemon, uint32_t cases)
{
    memset(t, 0, sizeof *t);
    t->cases = cases;
    t->numbers = calloc(cases + BATCH, sizeof t->numbers[0]);
    if (t->numbers == NULL)
        die("no memory");
    proc_new(&t->rig, daemon);
    t->city = proc_add(&t->rig, "331000000000", true);
    proc_root(t->city);
}

void tree_new(struct tree *t, const char *daemon, uint32_t cases)
{
    set_up(t, daemon, cases);
    t->county = proc_add(&t->rig, "331023000000", true);
    t->township = proc_add(&t->rig, "331023105000", true);
    t->village = proc_add(&t->rig, "331023105200", false);
    proc_enroll(&t->rig, t->county, t->city);
    proc_enroll(&t->rig, t->township, t->county);
    proc_enroll(&t->rig, t->village, t->township);
    proc_office(t->village, "station");
    proc_office(t->city, "bureau");
    t->issuer = t->village;
}

void tree_new_alone(struct tree *t, const char *daemon, uint32_t cases)
{
    set_up(t, daemon, cases);
    proc_office(t->city, "bureau");
    t->issuer = t->city;
}

void tree_free(struct tree *t)
{
    proc_free(&t->rig);
    free(t->numbers);
}

int64_t tree_link_number(struct proc_node *n, const char *peer, const char *field)
{
    Daipao__Control__V1__Query q = DAIPAO__CONTROL__V1__QUERY__INIT;
    Command cmd = DAIPAO__CONTROL__V1__COMMAND__INIT, *list[1] = {&cmd};
    Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    q.what = (char *)"link";
    q.node = (char *)peer;
    cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_QUERY;
    cmd.query = &q;
    rq.commands = list;
    rq.n_commands = 1;
    Daipao__Control__V1__Reply *r = proc_call(n, &rq);
    json_t *j = json_loads(r->results[0]->json, 0, NULL);
    const json_t *v = json_object_get(j, field);
    int64_t number = json_is_integer(v) ? json_integer_value(v) : -1;
    json_decref(j);
    proc_reply_free(r);
    return number;
}

/* ---- requests and answers ---- */

static void send_request(struct tree *t, Command **list, uint32_t n, uint64_t id)
{
    static uint8_t buf[1 << 20];
    Request rq = DAIPAO__CONTROL__V1__REQUEST__INIT;
    rq.version = 1;
    rq.id = id;
    rq.commands = list;
    rq.n_commands = n;
    size_t len = daipao__control__v1__request__pack(&rq, buf);
    if (dp_ctl_send(t->issuer->ctl, dp_slice_of(buf, len), CALL_MS) != DP_OK)
        die("the daemon does not take requests");
    t->sent += n;
}

static void take_reply(struct tree *t)
{
    struct dp_slice s;
    if (dp_ctl_recv(t->issuer->ctl, &s, CALL_MS) != DP_OK)
        die("no reply");
    Daipao__Control__V1__Reply *r = daipao__control__v1__reply__unpack(NULL, s.len, s.p);
    if (r == NULL)
        die("a reply cannot be read");
    for (size_t i = 0; i < r->n_results; i++) {
        if (r->results[i]->err != 0 && t->refused++ < 3)
            fprintf(stderr, "bench: refused: %s\n", r->results[i]->text);
        if (r->id > 0 && r->results[i]->number[0] != '\0')
            snprintf(t->numbers[r->id - 1 + i], sizeof t->numbers[0], "%s", r->results[i]->number);
    }
    t->answered += r->n_results;
    daipao__control__v1__reply__free_unpacked(r, NULL);
}

static void room_for(struct tree *t, uint32_t n)
{
    while (t->sent - t->answered + n > UNDER_WAY)
        take_reply(t);
}

void tree_drain(struct tree *t)
{
    while (t->answered < t->sent)
        take_reply(t);
}

/* ---- words of cases ---- */

static const char *const towns[] = {"平桥镇", "白鹤镇", "石梁镇", "街头镇",
                                    "坦头镇", "三合镇", "洪畴镇", "南屏乡"};
static const char *const sections[] = {"政府办公室", "社会事务办", "农业农村办", "自然资源所",
                                       "综合行政执法队"};
static const char *const papers[] = {"办理情况报告", "实地核查笔录", "补正材料通知", "协调会议纪要",
                                     "答复意见书送审稿"};

#define PICK(a, n) (a)[(n) % (sizeof(a) / sizeof(a)[0])]

/* Number and title as papers carry them: whose, about what, of what year and number, and where it lies. */
static void paper_number(uint32_t n, char out[DP_DOC_NO_MAX + 1])
{
    static const char *const matters[] = {"征地补偿款发放", "农村道路硬化", "拖欠工资",     "饮用水水质",
                                          "宅基地审批",     "山林权属",     "医疗费用报销", "垃圾清运"};
    uint32_t h = n * 2654435761u >> 7;
    snprintf(out, DP_DOC_NO_MAX + 1,
             "天台县%s%s关于%s问题调查处理情况的%s（天%s信〔2026〕%u号，%s、%s会签，收文%07u，附件%"
             "u件及笔录存%s）",
             PICK(towns, h), PICK(sections, h >> 4), PICK(matters, h >> 6), PICK(papers, h >> 9),
             PICK(sections, h >> 3), 1 + n % 9000, PICK(towns, h >> 8), PICK(sections, h >> 10), h % 9999991u,
             1 + (h >> 13) % 9, PICK(towns, h >> 2));
}

struct intake_room {
    Command cmd;
    Step step;
    Intake in;
    Part part, *parts[1];
    Person person, *persons[1];
    char name[40], phone[16], address[80], source[40];
};

static void fill_person(struct intake_room *r, uint32_t n)
{
    static const char *const families[] = {"张", "陈", "许", "王", "庞", "裘", "褚", "汤"};
    static const char *const given[] = {"三", "小梅", "国强", "玉兰", "建军", "秀英", "志明"};
    snprintf(r->name, sizeof r->name, "%s%s", PICK(families, n * 7 / 3), PICK(given, n));
    snprintf(r->phone, sizeof r->phone, "138%08u", n * 7919u % 100000000u);
    snprintf(r->address, sizeof r->address, "%s第%u村%u号", PICK(towns, n), 1 + n % 30, 1 + n * 13 % 200);
    r->person = (Person)DAIPAO__CONTROL__V1__PERSON__INIT;
    r->person.name = r->name;
    r->person.phone = r->phone;
    r->person.address = r->address;
    r->person.main = 1;
    r->persons[0] = &r->person;
    r->part = (Part)DAIPAO__CONTROL__V1__PART__INIT;
    r->part.kind = 1;
    r->part.persons = r->persons;
    r->part.n_persons = 1;
    r->parts[0] = &r->part;
}

static Command *fill_intake(struct tree *t, struct intake_room *r)
{
    uint32_t n = ++t->papers;
    fill_person(r, n);
    snprintf(r->source, sizeof r->source, "ZJ%u-%08u", 2026u, n * 40503u);
    r->in = (Intake)DAIPAO__CONTROL__V1__INTAKE__INIT;
    r->in.channel = (char *)(t->issuer == t->city ? "W" : "V");
    r->in.purpose = 4;
    r->in.category = 990000;
    r->in.headcount = 1;
    r->in.residence_div = r->in.problem_div = t->issuer->id;
    r->in.petition_date = 20500 + n % 28;
    r->in.origin = 1;
    r->in.source_system = (char *)"zj12345";
    r->in.source_no = r->source;
    r->step = (Step)DAIPAO__CONTROL__V1__STEP__INIT;
    r->step.kind = 1;
    r->step.intake = &r->in;
    r->step.parts = r->parts;
    r->step.n_parts = 1;
    r->cmd = (Command)DAIPAO__CONTROL__V1__COMMAND__INIT;
    r->cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
    r->cmd.step = &r->step;
    return &r->cmd;
}

void tree_register(struct tree *t)
{
    static struct intake_room room[BATCH];
    static Command *list[BATCH];
    for (uint32_t at = 0; at < t->cases; at += BATCH) {
        uint32_t k = t->cases - at < BATCH ? t->cases - at : BATCH;
        for (uint32_t i = 0; i < k; i++)
            list[i] = fill_intake(t, &room[i]);
        room_for(t, k);
        send_request(t, list, k, at + 1);
    }
    tree_drain(t);
}

struct step_room {
    Command cmd;
    Step step;
    File file;
    char doc_no[DP_DOC_NO_MAX + 1];
};

/* Notes, and attachments announced only: a paper kept at the office. */
static Command *fill_step(struct tree *t, struct step_room *r, const char *number, uint32_t kind)
{
    uint32_t n = ++t->papers;
    r->step = (Step)DAIPAO__CONTROL__V1__STEP__INIT;
    r->step.kind = kind;
    r->step.case_ref = (char *)number;
    paper_number(n, r->doc_no);
    r->step.doc_no = r->doc_no;
    if (kind == ATTACHMENT) {
        r->file = (File)DAIPAO__CONTROL__V1__FILE__INIT;
        r->file.media = 1;
        r->file.size = 20000 + n * 40503u % 800000;
        r->step.file = &r->file;
    }
    r->cmd = (Command)DAIPAO__CONTROL__V1__COMMAND__INIT;
    r->cmd.op_case = DAIPAO__CONTROL__V1__COMMAND__OP_STEP;
    r->cmd.step = &r->step;
    return &r->cmd;
}

void tree_work(struct tree *t, uint32_t rounds, uint32_t batch)
{
    static struct step_room room[BATCH];
    static Command *list[BATCH];
    uint64_t total = (uint64_t)rounds * t->cases;
    uint32_t fill = 0;
    if (batch > BATCH)
        batch = BATCH;
    for (uint64_t i = 0; i < total; i++) {
        list[fill] =
            fill_step(t, &room[fill], t->numbers[i % t->cases], i / t->cases % 16 == 15 ? ATTACHMENT : NOTE);
        if (++fill < batch && i + 1 < total)
            continue;
        room_for(t, fill);
        send_request(t, list, fill, 0);
        fill = 0;
    }
}

void tree_issue(struct tree *t, uint32_t n)
{
    struct step_room *room = calloc(n, sizeof *room);
    Command **list = calloc(n, sizeof(*list));
    if (room == NULL || list == NULL)
        die("no memory");
    for (uint32_t i = 0; i < n; i++)
        list[i] = fill_step(t, &room[i], t->numbers[t->papers % t->cases], i % 16 == 15 ? ATTACHMENT : NOTE);
    send_request(t, list, n, 0);
    tree_drain(t);
    free(room);
    free(list);
}

/* ---- what was stored ---- */

static void keep_block(struct dp_db *db, struct dp_node origin, uint32_t inc, uint64_t number,
                       struct dp_arena *a, struct tree_entries *out)
{
    struct dp_slice wire;
    struct dp_block b;
    dp_arena_reset(a);
    if (dp_db_block(db, origin, inc, number, 0, &wire) != DP_OK ||
        dp_block_decode(dp_suite_of(DP_SUITE_INTL), wire, a, &b) != DP_OK)
        die("a stored block cannot be read");
    out->at = realloc(out->at, (out->count + b.shown_count + 1) * sizeof out->at[0]);
    if (out->at == NULL)
        die("no memory");
    for (uint16_t i = 0; i < b.shown_count; i++) {
        out->at[out->count++] = out->bytes.len;
        if (dp_buf_put(&out->bytes, b.shown[i].bytes.p, b.shown[i].bytes.len) != DP_OK)
            die("no memory");
    }
    out->at[out->count] = out->bytes.len;
}

void tree_entries(const struct proc_node *n, uint64_t origin, struct tree_entries *out)
{
    struct dp_db db = {0};
    struct dp_arena a;
    struct dp_node at = {0};
    struct dp_chain_row row;
    uint32_t inc = 0;
    char dir[300], why[256];
    memset(out, 0, sizeof *out);
    dp_buf_init(&out->bytes, (size_t)4 << 30);
    dp_arena_init(&a, 64 << 20, 4 << 20);
    snprintf(dir, sizeof dir, "%s/data/store", n->dir);
    if (dp_kv_lmdb_open(dir, 0, &db.kv, why, sizeof why) != DP_OK || dp_db_begin(&db, false) != DP_OK)
        die(why);
    while (dp_db_chain_next(&db, &at, &inc, &row) == DP_OK)
        if (at.v == origin)
            for (uint64_t number = 1; number <= row.number; number++)
                keep_block(&db, at, inc, number, &a, out);
    dp_db_abort(&db);
    db.kv->ops->close(&db.kv);
    dp_arena_fini(&a);
}

void tree_entries_free(struct tree_entries *e)
{
    dp_buf_fini(&e->bytes);
    free(e->at);
}
