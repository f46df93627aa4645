/* SPDX-License-Identifier: MIT */
/* fuzz_settings.c - any texts as the program's config and the operator's environment.
 *
 * An input is lines; the first byte of a line says where its rest goes (a letter of `places`).
 * Whatever comes: a status and a sentence, or settings that every list function can walk.
 */
#include <stdlib.h>
#include <string.h>

#include "detect/cpu.h"
#include "fuzz.h"
#include "settings.h"

enum { ROOM = 1024, LINE = 256 };

const char fuzz_name[] = "fuzz_settings";
const size_t fuzz_room = ROOM;
const long fuzz_rounds = 100000;

static const char *const variables[] = {
    "VANE_BACKEND",     "VANE_PREFER",     "VANE_EXCLUDE", "VANE_OPS",   "VANE_POLICY",
    "VANE_PLUGIN_PATH", "VANE_CPU_MASK",   "VANE_THREADS", "VANE_REPRO", "VANE_UNLOAD",
    "VANE_LOG",         "VANE_SCALAR_KEY", "VANE_VERIFY",  "VANE_TOP",   "VANE_OPTIMIZE"};
enum { VARIABLES = sizeof variables / sizeof variables[0] };

/* 'A' on: a variable; 'a' on: the text of the config beside it; then its numbers. */
static const size_t config_texts[] = {
    offsetof(vane_config, backend), offsetof(vane_config, prefer),
    offsetof(vane_config, exclude), offsetof(vane_config, ops),
    offsetof(vane_config, policy),  offsetof(vane_config, plugin_path),
    offsetof(vane_config, cpu_mask)};
enum { CONFIG_TEXTS = sizeof config_texts / sizeof config_texts[0] };
static const size_t config_numbers[] = {
    offsetof(vane_config, threads),         offsetof(vane_config, repro),
    offsetof(vane_config, no_default_path), offsetof(vane_config, allow_empty),
    offsetof(vane_config, struct_size),     offsetof(vane_config, verify)};
enum { CONFIG_NUMBERS = sizeof config_numbers / sizeof config_numbers[0] };

/* ---- one input ----------------------------------------------------------------- */

static void place(vane_config *config, char where, char *text, char (*kept)[LINE])
{
    size_t i = (size_t)(unsigned char)where;
    if (i >= 'A' && i < 'A' + VARIABLES) {
        setenv(variables[i - 'A'], text, 1);
    } else if (i >= 'a' && i < 'a' + CONFIG_TEXTS) {
        char *copy = strcpy(kept[i - 'a'], text);
        memcpy((char *)config + config_texts[i - 'a'], &copy, sizeof copy);
    } else if (i >= '0' && i < '0' + CONFIG_NUMBERS) {
        uint32_t number = (uint32_t)strtoul(text, NULL, 10);
        memcpy((char *)config + config_numbers[i - '0'], &number, sizeof number);
    }
}

static void read_lines(const uint8_t *data, size_t bytes, vane_config *config, char (*kept)[LINE])
{
    char text[LINE];
    for (size_t i = 0; i < bytes; i++) {
        size_t n = 0;
        char where = (char)data[i++];
        for (; i < bytes && data[i] != '\n'; i++)
            if (n + 1 < sizeof text)
                text[n++] = (char)data[i];
        text[n] = '\0';
        place(config, where, text, kept);
    }
}

static void walk_list(const char *list)
{
    char name[24], cut[4];
    uint32_t i = 0;
    for (; vane__list_at(list, i, name, sizeof name); i++) {
        fuzz_expect(name[0] != '\0' && memchr(name, '\0', sizeof name) != NULL);
        if (strlen(name) + 1 < sizeof name) /* whole */
            fuzz_expect(vane__list_has(list, name));
        fuzz_expect(vane__list_at(list, i, cut, sizeof cut) &&
                    strncmp(cut, name, sizeof cut - 1) == 0);
    }
    fuzz_expect(i <= (strlen(list) + 1) / 2 && !vane__list_at(list, i + 1, name, sizeof name));
}

static void use(const vane__settings *s)
{
    char name[24];
    uint64_t bits;
    const char *const texts[] = {s->backend, s->prefer,      s->exclude, s->ops,
                                 s->policy,  s->plugin_path, s->cpu_mask};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fuzz_expect(texts[i] != NULL);
        walk_list(texts[i]);
        vane__settings_option(texts[i], s->prefer);
    }
    fuzz_expect(s->threads <= VANE__MAX_THREADS && s->log.write != NULL);
    fuzz_expect((s->repro | s->unload | s->no_default_path | s->allow_empty) <= 1);
    fuzz_expect(s->objective <= VANE_OBJECTIVE_ENERGY);
    fuzz_expect(s->verify <= 100000000);
    fuzz_expect(vane__ops_check(s->ops, name, sizeof name));
    if (vane__ops_backend(s->ops, "add", name, sizeof name))
        fuzz_expect(name[0] != '\0');
    uint64_t all = VANE_CPU(SSE2) | VANE_CPU(AVX2) | VANE_CPU(FMA) | VANE_CPU(NEON);
    if (vane__cpu_mask(s->cpu_mask, all, &bits) == VANE_OK)
        fuzz_expect((bits & ~all) == 0);
    else
        fuzz_expect(strstr(vane_last_error()->message, "VANE_CPU_MASK") != NULL ||
                    vane_last_error()->message[0] != '\0');
}

int fuzz_one(const uint8_t *data, size_t bytes)
{
    static const vane__settings nothing;
    char kept[CONFIG_TEXTS][LINE];
    vane_config config = {.struct_size = sizeof config};
    vane__settings s;
    for (size_t i = 0; i < VARIABLES; i++)
        unsetenv(variables[i]);
    read_lines(data, bytes, &config, kept);
    vane_status status = vane__settings_read(&config, &s);
    if (status == VANE_OK) {
        use(&s);
        vane__settings_free(&s);
        return 1;
    }
    fuzz_expect(vane_last_error()->status == status && vane_last_error()->message[0] != '\0');
    fuzz_expect(vane_status_class_of(status) == VANE_CLASS_PROGRAMMER);
    fuzz_expect(memcmp(&s, &nothing, sizeof s) == 0); /* nothing to free */
    return 0;
}

/* ---- good inputs, and bad ones -------------------------------------------------- */

static const char *const seeds[] = {
    "Ascalar\nBavx2,scalar\nCopencl\nDmatmul=avx2,softmax=scalar\nEfixed\nF/a:/b\nGavx2\n",
    "H4\nI1\nJ0\nKdebug\nLx",
    "aavx2\nbav*,scalar\ncsim*\ndadd=a,mul=b\neheuristic\nf/opt/vane\ngsse2\n08\n11\n21\n31\n",
    "M1/1000\nEadaptive\n",
    "M1\n57\nOenergy\n",
    "K3\nD add = scalar , \nb , ,\n"};
enum { SEEDS = sizeof seeds / sizeof seeds[0] };

size_t fuzz_seed(uint8_t *out, size_t room, uint32_t which)
{
    if (which >= SEEDS || strlen(seeds[which]) > room)
        return 0;
    memcpy(out, seeds[which], strlen(seeds[which]));
    return strlen(seeds[which]);
}

size_t fuzz_bend(uint8_t *data, size_t bytes, size_t room)
{
    static const char *const tokens[] = {",",           "=",   "*",    "\n",         " ",
                                         "\t",          "==",  ",,",   "-1",         "4097",
                                         "99999999999", "\nH", "\nD=", "\nGavx512f", "\n44",
                                         "\nK",         "\n0", "none", "\xff\xfe",   "1/",
                                         "\nM"};
    return fuzz_bend_text(data, bytes, room, tokens[fuzz_below(sizeof tokens / sizeof tokens[0])]);
}
