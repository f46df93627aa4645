/* SPDX-License-Identifier: MIT */
/* top.c - vane top: a running process, live: who computes what, how much, and why. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "text.h"
#include "top_frame.h"
#include "top_list.h"
#include "top_screen.h"
#include "top_seen.h"

#define LOOK_S 1.0 /* so often the process hears that somebody looks */
#define GO_ON (-1)

typedef struct top {
    uint32_t pid;
    double seconds;
    int64_t frames, shown; /* frames 0: until told to stop */
    int json, batch;
    top_order order;
    uint32_t chosen; /* of the contexts, on a screen */
    top_list list;
    top_memory *memory;
    char why[TOP_WHY];
} top;

/* ---- one look ------------------------------------------------------------------------------ */

/* GO_ON, or the exit code: the process is over, or what it shows cannot be read. */
static int look(top *t)
{
    top_list_free(&t->list);
    if (!top_find(t->pid, &t->list))
        return cli_no_memory();
    size_t gone = 0;
    for (size_t i = 0; i < t->list.count; i++) {
        top_verdict v = top_seen_read(t->memory, &t->list.entries[i], t->why);
        gone += v == TOP_GONE;
        if (v == TOP_BAD) {
            top_screen_close();
            return cli_fail("the page of process %u, %s: %s", t->pid, t->list.entries[i].path,
                            t->why);
        }
    }
    if (gone < t->list.count)
        return GO_ON;
    top_screen_close();
    if (t->shown == 0)
        return cli_fail("process %u shows nothing: it is over, does not use Vane, is not this"
                        " user's, has VANE_TOP=0, or made no calls yet",
                        t->pid);
    return t->batch || printf("process %u is over\n", t->pid) > 0 ? CLI_OK : CLI_FAILED;
}

static int frame_of(top *t, uint32_t i, top_frame *f)
{
    *f = (top_frame){
        .context = i + 1, .contexts = (uint32_t)t->list.count, .order = t->order, .old_s = 0};
    f->rates = top_seen_rates(t->memory, &t->list.entries[i], t->order, &f->old_s);
    return f->rates != NULL;
}

static void show_plain(top *t)
{
    top_frame f;
    for (uint32_t i = 0; i < t->list.count; i++) {
        if (!frame_of(t, i, &f))
            continue;
        if (t->json)
            top_frame_json(&f, stdout);
        else
            top_frame_print(&f, stdout);
        if (!t->json)
            putchar('\n');
    }
    fflush(stdout);
}

static void show_on_screen(top *t)
{
    top_frame f;
    char *text = NULL, bottom[160];
    size_t bytes = 0;
    t->chosen = t->list.count > 0 ? t->chosen % (uint32_t)t->list.count : 0;
    FILE *out = frame_of(t, t->chosen, &f) ? open_memstream(&text, &bytes) : NULL;
    if (out == NULL)
        return;
    top_frame_print(&f, out);
    snprintf(bottom, sizeof bottom, "q quit   s sorted by %s%s   every %s",
             top_order_names[t->order], t->list.count > 1 ? "   c next context" : "",
             text_ns(t->seconds * 1e9).s);
    if (fclose(out) == 0)
        top_screen_show(text, bottom);
    free(text);
}

static void show(top *t)
{
    if (t->batch)
        show_plain(t);
    else
        show_on_screen(t);
}

/* ---- on and on ------------------------------------------------------------------------------ */

/* GO_ON; else it is to end. */
static int obey(top *t, int key)
{
    if (key == TOP_KEY_STOP || key == 'q' || key == 'Q')
        return CLI_OK;
    if (key == 's' || key == 'S')
        t->order = (top_order)((t->order + 1) % TOP_ORDERS);
    else if (key == 'c' || key == 'C')
        t->chosen++;
    else if (key != TOP_KEY_SIZE)
        return GO_ON;
    show_on_screen(t);
    return GO_ON;
}

static int wait_for_next(top *t)
{
    int rc = GO_ON;
    double end = top_clock_s() + t->seconds, told = top_clock_s(), left;
    while (rc == GO_ON && (left = end - top_clock_s()) > 0) {
        rc = obey(t, top_screen_wait(left < LOOK_S ? left : LOOK_S));
        if (rc == GO_ON && top_clock_s() - told >= LOOK_S) {
            told = top_clock_s();
            for (size_t i = 0; i < t->list.count; i++)
                top_page_look(t->list.entries[i].path);
        }
    }
    return rc;
}

/* Plain frames begin with one that has rates. */
static int watch(top *t)
{
    int rc = look(t);
    if (rc == GO_ON && t->batch)
        rc = wait_for_next(t);
    while (rc == GO_ON) {
        if (t->batch && (rc = look(t)) != GO_ON)
            break;
        show(t);
        if ((++t->shown == t->frames && t->frames > 0) || ferror(stdout)) {
            rc = CLI_OK;
            break;
        }
        rc = wait_for_next(t);
        if (rc == GO_ON && !t->batch)
            rc = look(t);
    }
    top_screen_close();
    return rc;
}

/* ---- the command line ------------------------------------------------------------------------ */

static int find_process(top *t, const args *a, int only_list)
{
    int64_t pid = 0;
    if (a->count > 1)
        return cli_usage("top takes one process, got '%s' too", a->item[1]);
    if (a->count == 1 && (!text_integer(a->item[0], &pid) || pid < 1 || pid > INT32_MAX))
        return cli_usage("'%s' is no process's number", a->item[0]);
    t->pid = (uint32_t)pid;
    if (t->pid != 0 && !only_list)
        return GO_ON;
    if (!top_find(t->pid, &t->list))
        return cli_no_memory();
    if (!only_list && t->list.count == 0)
        return cli_fail("no process of this user shows anything; one that uses Vane does some"
                        " calls after it began");
    if (only_list || top_processes(&t->list) > 1)
        return top_list_print(&t->list, t->json);
    t->pid = t->list.entries[0].pid;
    return GO_ON;
}

static int parse_numbers(top *t, const char *seconds, const char *frames)
{
    if (seconds != NULL &&
        (!text_real(seconds, &t->seconds) || !(t->seconds >= 0.2 && t->seconds <= 3600)))
        return cli_usage("--delay is '%s', expected seconds from 0.2 to 3600", seconds);
    if (frames != NULL && (!text_integer(frames, &t->frames) || t->frames < 1))
        return cli_usage("--frames is '%s', expected 1 or more", frames);
    return GO_ON;
}

int cmd_top(int argc, char **argv)
{
    top t = {.seconds = 1};
    const char *seconds = NULL, *frames = NULL;
    int only_list = 0;
    const args_option options[] = {
        {"list", 'l', NULL, "only list the processes that can be watched", &only_list, NULL, NULL},
        {"delay", 'd', "SECONDS", "between two looks, from 0.2; 1", NULL, &seconds, NULL},
        {"frames", 'n', "COUNT", "end after so many", NULL, &frames, NULL},
        {"batch", 'b', NULL, "plain text, one frame after another", &t.batch, NULL, NULL},
        {NULL, 0, NULL, NULL, NULL, NULL, NULL}};
    args a = {.usage = "vane top [PID] [OPTION...]",
              .about = "Shows a running process that uses Vane: its devices, operations, who\n"
                       "computes them and how fast, bytes moved, fallbacks, changed routes.\n"
                       "Without PID the only one, or a list. Keys: q quit, s sort, c context.\n"
                       "Where the output is no terminal, as with --batch. Calls are counted\n"
                       "while somebody looks; under VANE_TOP=1 always, VANE_TOP=0 shows nothing.",
              .options = options};
    int rc = args_parse(&a, argc, argv);
    if (rc != ARGS_GO_ON)
        return rc;
    t.json = a.json;
    rc = parse_numbers(&t, seconds, frames);
    if (rc == GO_ON)
        rc = find_process(&t, &a, only_list);
    t.memory = rc == GO_ON ? calloc(1, sizeof *t.memory) : NULL;
    if (rc == GO_ON && t.memory == NULL)
        rc = cli_no_memory();
    if (rc == GO_ON) {
        t.batch = t.batch || t.json || !top_screen_open();
        rc = watch(&t);
    }
    if (t.memory != NULL)
        top_memory_free(t.memory);
    top_list_free(&t.list);
    return rc;
}
