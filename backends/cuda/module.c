/* SPDX-License-Identifier: MIT */
/* module.c - device code: a file is loaded at the first launch from it, a kernel looked up at its
 * own first launch. The context is current.
 */
#include <stdio.h>

#include "host.h"

typedef struct stem {
    const char *name;
    uint8_t file, by;
    uint16_t threads;
} stem;

static const stem stems[CUDA_STEM_COUNT] = {
#define CUDA_FILE(ID, name)
#define CUDA_STEM(ID, text, FILE, BY, threads) \
    [CUDA_STEM_##ID] = {#text, CUDA_FILE_##FILE, CUDA_BY_##BY, threads},
#include "stems.def"
};

static const char *const files[CUDA_FILE_COUNT] = {
#define CUDA_FILE(ID, name) [CUDA_FILE_##ID] = #name,
#define CUDA_STEM(ID, name, FILE, BY, threads)
#include "stems.def"
};

static void name_of(const stem *s, uint32_t dtype, char *out, size_t out_bytes)
{
    if (s->by == CUDA_BY_DTYPE || dtype == VANE_BOOL)
        snprintf(out, out_bytes, "%s_%s", s->name, common_dtype_name(dtype));
    else
        snprintf(out, out_bytes, "%s_%u", s->name, (unsigned)common_dtype_bytes(dtype));
}

/* The device is later than the last of the device code, which its driver cannot compile for it. */
static void explain_ptx(const vane_device *d, const char *name, char *line, size_t line_bytes)
{
    int version = 0;
    d->backend->cu.cuDriverGetVersion(&version);
    snprintf(line, line_bytes,
             "%s: for a device of compute capability %u.%u the driver has to compile PTX of CUDA "
             "%d.%d, and is of CUDA %d.%d: a later driver is needed",
             name, d->major, d->minor, CUDA_VERSION / 1000, CUDA_VERSION % 1000 / 10,
             version / 1000, version % 1000 / 10);
}

/* Of the file or the kernel called name: what the driver said goes to the report. An error that
 * says something about the device is the device's. */
static vane_status refuse(vane_device *d, CUresult code, const char *what, const char *name)
{
    char line[240];
    const vane_status st = cuda_device_fail(d, code, what);
    if (st != VANE_E_UNSUPPORTED)
        return st;
    if (code == CUDA_ERROR_UNSUPPORTED_PTX_VERSION)
        explain_ptx(d, name, line, sizeof line);
    else
        snprintf(line, sizeof line, "%s (%s): %s (%d)", what, name, cuda_error_name(code),
                 (int)code);
    d->backend->host->report(d->backend->host->ctx, st, line);
    return st;
}

static vane_status load(vane_device *d, uint32_t file)
{
    if (d->modules[file])
        return VANE_OK;
    const CUresult code =
        d->backend->cu.cuModuleLoadData(&d->modules[file], cuda_blobs[file].begin);
    if (code == CUDA_SUCCESS)
        return VANE_OK;
    d->modules[file] = NULL;
    return refuse(d, code, "cuModuleLoadData", files[file]);
}

/* Called with the lock held. */
static vane_status look_up(vane_device *d, const stem *s, uint32_t dtype, cuda_function *f)
{
    const cuda_driver *cu = &d->backend->cu;
    char name[48];
    int blocks = 0;
    CUfunction function = NULL;
    vane_status st = load(d, s->file);
    if (st != VANE_OK)
        return st;
    name_of(s, dtype, name, sizeof name);
    CUresult code = cu->cuModuleGetFunction(&function, d->modules[s->file], name);
    if (code != CUDA_SUCCESS)
        return refuse(d, code, "cuModuleGetFunction", name);
    code = cu->cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, s->threads, 0);
    if (code != CUDA_SUCCESS)
        return refuse(d, code, "cuOccupancyMaxActiveBlocksPerMultiprocessor", name);
    f->blocks = (uint32_t)(blocks > 0 ? blocks : 1) * (d->processors ? d->processors : 1);
    atomic_store_explicit(&f->function, function, memory_order_release);
    return VANE_OK;
}

vane_status cuda_function_get(vane_device *d, cuda_stem stem_id, uint32_t dtype,
                              cuda_function **out)
{
    cuda_function *f = &d->functions[stem_id][dtype];
    vane_status st = VANE_OK;
    *out = f;
    if (atomic_load_explicit(&f->function, memory_order_acquire))
        return VANE_OK;
    pthread_mutex_lock(&d->code);
    if (!atomic_load(&f->function))
        st = look_up(d, &stems[stem_id], dtype, f);
    pthread_mutex_unlock(&d->code);
    return st;
}

uint32_t cuda_stem_threads(cuda_stem stem_id)
{
    return stems[stem_id].threads;
}

void cuda_modules_close(vane_device *d)
{
    for (uint32_t i = 0; i < CUDA_STEM_COUNT; i++) {
        for (uint32_t t = 0; t < VANE_DTYPE_COUNT; t++)
            atomic_store(&d->functions[i][t].function, NULL);
    }
    for (uint32_t i = 0; i < CUDA_FILE_COUNT; i++) {
        if (d->modules[i])
            d->backend->cu.cuModuleUnload(d->modules[i]);
        d->modules[i] = NULL;
    }
}
