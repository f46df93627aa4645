/* SPDX-License-Identifier: MIT */
/* top_list.c - the processes that show something, for vane top --list. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "json.h"
#include "table.h"
#include "top_list.h"

static void put_row(table *t, const top_entry *e, const top_page *page, const char *why)
{
    table_cell(t, "%u", e->pid);
    table_cell(t, "%u", e->number);
    table_cell(t, "%s", page != NULL ? page->head.program : why);
    table_cell(t, "%s", page != NULL ? page->head.libvane : "-");
    table_cell(t, "%s", page != NULL ? page->body.policy : "-");
}

static void put_json(json *j, const top_entry *e, const top_page *page, const char *why)
{
    json_object(j, NULL);
    json_unsigned(j, "pid", e->pid);
    json_unsigned(j, "context", e->number);
    json_text(j, "program", page != NULL ? page->head.program : NULL);
    json_text(j, "version", page != NULL ? page->head.libvane : NULL);
    json_text(j, "policy", page != NULL ? page->body.policy : NULL);
    json_text(j, "why", page != NULL ? NULL : why);
    json_close(j);
}

int top_list_print(const top_list *l, int as_json)
{
    char why[TOP_WHY];
    table t;
    json j;
    top_page *page = malloc(sizeof *page);
    if (page == NULL)
        return cli_no_memory();
    if (as_json) {
        json_begin(&j, stdout);
        json_array(&j, NULL);
    } else {
        table_begin(&t, "rrlll", l->count > 0 ? "pid|context|program|vane|policy" : NULL);
    }
    for (size_t i = 0; i < l->count; i++) {
        int good = top_page_read(l->entries[i].path, 0, page, why) == TOP_GOOD;
        if (as_json)
            put_json(&j, &l->entries[i], good ? page : NULL, why);
        else
            put_row(&t, &l->entries[i], good ? page : NULL, why);
    }
    if (as_json)
        json_end(&j);
    else
        table_end(&t, stdout, 0);
    free(page);
    return CLI_OK;
}
