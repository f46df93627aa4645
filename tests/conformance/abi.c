/* SPDX-License-Identifier: MIT */
/* abi.c - the contract around the kernels: note, entry, table, devices, and a file that
 * runs nothing by itself and exports nothing else. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "object.h"
#include "groups.h"

static void verdict(conform *c, const char *label, const char *why)
{
    if (why[0])
        conform_fail(&c->report, label, "%s", why);
    else
        conform_pass(&c->report, label);
}

static void file_cases(conform *c, const conform_object *f)
{
    char why[200] = "";
    if (!f->readable) {
        conform_skip(&c->report, "file", "not a 64-bit ELF file of this machine's byte order");
        return;
    }
    if (f->has_note && f->note.sanitizer != VANE_SANITIZER_NONE)
        conform_skip(&c->report, "constructors", "a sanitizer adds its own");
    else {
        if (f->init_bytes > 8)
            snprintf(why, sizeof why,
                     "DT_INIT_ARRAY has %u entries; one is the compiler's, so the "
                     "plugin runs code while it is loaded",
                     (unsigned)(f->init_bytes / 8));
        verdict(c, "constructors", why);
    }
    why[0] = '\0';
    if (f->exports != 1 || f->other_export[0])
        snprintf(why, sizeof why, "exports %u symbols%s%s, expected vane_backend_entry_v1 alone",
                 f->exports, f->other_export[0] ? ", one is " : "", f->other_export);
    verdict(c, "exports", why);
}

static void note_case(conform *c, const conform_object *f, const vane_backend_entry *e)
{
    const vane_backend_note *n = &f->note;
    const char *about = NULL;
    char why[200] = "";
    if (!f->has_note)
        about = "existence: there is no note";
    else if (strcmp(n->name, e->name) != 0 || strcmp(e->name, c->plugin) != 0)
        about = "name";
    else if (strcmp(n->version, e->version) != 0)
        about = "version";
    else if (n->abi_minor != e->abi_minor || n->abi_major != VANE_ABI_MAJOR)
        about = "ABI";
    else if (n->sanitizer != e->sanitizer || n->rank != e->rank || n->flags != e->flags)
        about = "sanitizer, rank or flags";
    else if (((uint64_t)n->cpu_required_high << 32 | n->cpu_required_low) != e->cpu_required)
        about = "CPU bits";
    if (about)
        snprintf(why, sizeof why, "note and entry disagree: %s", about);
    verdict(c, "note and entry", why);
}

#define ENTRY(entry, device)                             \
    {                                                    \
#entry, offsetof(vane_backend_vt, entry), device \
    }
static const struct {
    const char *name;
    size_t at;
    int device; /* 1: only devices with memory of their own need it */
} needed[] = {ENTRY(open, 0),        ENTRY(close, 0),       ENTRY(device_count, 0),
              ENTRY(device_info, 0), ENTRY(device_open, 0), ENTRY(device_close, 0),
              ENTRY(kernel, 0),      ENTRY(mem_alloc, 1),   ENTRY(mem_free, 1),
              ENTRY(queue_open, 1),  ENTRY(queue_close, 1), ENTRY(queue_sync, 1),
              ENTRY(upload, 1),      ENTRY(download, 1),    ENTRY(launch, 1),
              ENTRY(event_wait, 1),  ENTRY(event_free, 1)};

/* The missing entry's name, or NULL. host_only: every device reads host memory. */
static const char *missing_entry(const vane_backend_vt *vt, int host_only)
{
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        void (*entry)(void) = NULL;
        if (needed[i].device && host_only)
            continue;
        if (needed[i].at + sizeof entry <= vt->struct_size)
            memcpy(&entry, (const char *)vt + needed[i].at, sizeof entry);
        if (!entry)
            return needed[i].name;
    }
    return NULL;
}

static void device_info_case(conform *c, const vane_device_info *d, uint32_t i)
{
    char why[200] = "", label[64];
    if (!d->id[0] || !d->name[0])
        snprintf(why, sizeof why, "it has no %s", d->id[0] ? "name" : "id");
    else if (d->mem_align_bytes & (d->mem_align_bytes - 1))
        snprintf(why, sizeof why, "mem_align_bytes is %llu, expected a power of two",
                 (unsigned long long)d->mem_align_bytes);
    else if (d->mem_total_bytes && d->mem_free_bytes > d->mem_total_bytes)
        snprintf(why, sizeof why, "more memory is free than there is");
    else if (d->kind > VANE_KIND_OTHER || d->dtypes >> VANE_DTYPE_COUNT)
        snprintf(why, sizeof why, "kind %u or dtypes %#x is none", d->kind, d->dtypes);
    else if ((d->caps & VANE_CAP_HOST_MEM) && (d->caps & VANE_CAP_ASYNC))
        snprintf(why, sizeof why, "HOST_MEM kernels compute at once; they are not ASYNC");
    else if (d->link_bytes_per_ns < 0 || d->link_latency_ns < 0)
        snprintf(why, sizeof why, "the link's rate or latency is negative");
    snprintf(label, sizeof label, "device %u", i);
    verdict(c, label, why);
}

/* How many devices; *host_only: all of them read host memory. */
static uint32_t device_cases(conform *c, int *host_only)
{
    char ids[16][32];
    uint32_t count = 0;
    *host_only = 1;
    for (uint32_t i = 0; i < vane_device_count(c->ctx); i++) {
        vane_device_info d = {.struct_size = sizeof d};
        const char *backend = "";
        if (vane_device_at(c->ctx, i, &d, &backend) != VANE_OK || strcmp(backend, c->plugin) != 0)
            continue;
        device_info_case(c, &d, count);
        *host_only &= (d.caps & VANE_CAP_HOST_MEM) != 0;
        for (uint32_t k = 0; k < count && k < 16; k++)
            if (!strcmp(ids[k], d.id))
                conform_fail(&c->report, "device ids", "two devices are called \"%s\"", d.id);
        if (count < 16)
            memcpy(ids[count], d.id, sizeof d.id);
        count++;
    }
    if (count == 0)
        conform_skip(&c->report, "devices", "the plugin found none on this machine");
    return count;
}

static void entry_cases(conform *c, const conform_object *f, int host_only)
{
    char why[200] = "";
    void *dl = dlopen(c->options->path, RTLD_NOW | RTLD_LOCAL); /* loaded: only counted up */
    const vane_backend_entry *e = dl ? dlsym(dl, "vane_backend_entry_v1") : NULL;
    if (!e) {
        conform_fail(&c->report, "entry", "the file has no vane_backend_entry_v1");
    } else {
        if (f->readable)
            note_case(c, f, e);
        const char *missing = missing_entry(e->vt, host_only);
        if (missing)
            snprintf(why, sizeof why, "%s is missing", missing);
        verdict(c, "table", why);
        verdict(c, "about", e->about && e->about[0] ? "" : "the entry says nothing about itself");
    }
    if (dl)
        dlclose(dl);
}

void conform_abi(conform *c)
{
    conform_object f;
    int host_only = 1;
    conform_unit_begin(&c->report, "abi", "", "");
    if (!c->options->list) {
        conform_object_read(c->options->path, &f);
        file_cases(c, &f);
        device_cases(c, &host_only);
        entry_cases(c, &f, host_only);
    }
    conform_unit_end(&c->report);
}
