/* SPDX-License-Identifier: MIT */
/* parse.c - the text as a whole: devices, and the pairs of each. */
#include <string.h>

#include "text.h"

/* ---- one device ---------------------------------------------------------------- */

/* A preset, or a device that stands before. The name stays. */
static int read_like(sim_text value, sim_spec *s, const sim_spec *before, uint32_t count)
{
    char name[SIM_NAME], own[SIM_NAME];
    char expected[160] = "one of ";
    memcpy(own, s->name, sizeof own);
    if (!sim_name(value, name))
        return 0;
    uint32_t i = 0;
    while (i < count && strcmp(before[i].name, name) != 0)
        i++;
    if (i < count)
        *s = before[i];
    else if (!sim_preset(name, s))
        return sim_refuse(value, strcat(strcat(expected, sim_presets), ", or a device before it"));
    memcpy(s->name, own, sizeof own);
    return 1;
}

typedef struct device {
    sim_spec *spec;
    const sim_spec *before;
    uint32_t count;
    uint32_t pairs, seen; /* seen: bits of keys */
} device;

static int read_pair(sim_text key, sim_text value, device *d)
{
    int is_first = d->pairs++ == 0;
    if (!sim_word_is(key, "like"))
        return sim_read_key(key, value, d->spec, &d->seen);
    return is_first ? read_like(value, d->spec, d->before, d->count)
                    : sim_refuse(key, "like= once and before the other keys");
}

static int is_blank(const char *p)
{
    return *p == ' ' || *p == '\t';
}

static sim_text trimmed(sim_text t)
{
    while (t.at < t.end && is_blank(t.at))
        t.at++;
    while (t.at < t.end && is_blank(t.end - 1))
        t.end--;
    return t;
}

/* The next word of t, which loses it; 0: there is none. */
static int take_word(sim_text *t, sim_text *word)
{
    *t = trimmed(*t);
    *word = *t;
    word->end = word->at;
    while (word->end < t->end && !is_blank(word->end))
        word->end++;
    t->at = word->end;
    return word->end > word->at;
}

static int read_pairs(sim_text t, device *d)
{
    sim_text pair, key;
    sim_place *p = t.place;
    while (take_word(&t, &pair)) {
        p->key = NULL;
        p->key_bytes = 0;
        if (!sim_split(&pair, "=", &key))
            return sim_refuse(key, "KEY=VALUE");
        p->key = key.at;
        p->key_bytes = (int)(key.end - key.at);
        if (!read_pair(key, pair, d))
            return 0;
    }
    return 1;
}

static int read_device(sim_text t, sim_spec *out, uint32_t count)
{
    sim_text name;
    sim_place *p = t.place;
    device d = {.spec = &out[count], .before = out, .count = count};
    out[count] = sim_plain;
    if (!sim_split(&t, ":", &name))
        return sim_refuse(trimmed(name), "NAME: KEY=VALUE ...");
    name = trimmed(name);
    if (!sim_name(name, out[count].name))
        return 0;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(out[i].name, out[count].name) == 0)
            return sim_refuse(name, "a name that no device before it has");
    p->device = name.at;
    p->device_bytes = (int)(name.end - name.at);
    return read_pairs(t, &d);
}

/* What keys have to do with each other. */
static int agrees(sim_text t, const sim_spec *s)
{
    t.place->key = NULL;
    t.place->key_bytes = 0;
    for (uint32_t i = 0; s->host && i < s->n_fault; i++)
        if (s->fault[i].target == SIM_ALLOC || s->fault[i].target == SIM_LINK)
            return sim_refuse(t, "no failures of alloc or link where host=1: it has neither");
    return 1;
}

int sim_parse(const char *text, sim_spec *out, uint32_t *count, char *why, size_t why_bytes)
{
    sim_place place = {.text = text, .why = why, .why_bytes = why_bytes};
    sim_text rest = {text, text + strlen(text), &place}, item;
    int more = trimmed(rest).at < rest.end;
    *count = 0;
    while (more) {
        place.number = *count + 1;
        place.device = NULL;
        place.device_bytes = 0;
        place.key = NULL;
        place.key_bytes = 0;
        more = sim_split(&rest, ";", &item);
        item = trimmed(item);
        if (!more && item.at == item.end)
            break; /* nothing behind the last one */
        if (*count == SIM_DEVICES)
            return sim_refuse(item, "16 devices at most");
        if (!read_device(item, out, *count) || !agrees(item, &out[*count]))
            return 0;
        (*count)++;
    }
    return 1;
}
