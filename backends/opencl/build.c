/* SPDX-License-Identifier: MIT */
/* build.c - one program: from a cached binary where there is a right one, else from source.
 *
 * A binary that the driver refuses is no error: the program is built and the entry replaced.
 */
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "program.h"
#include "store.h"

#define TEXT_BYTES 512 /* of one thing that a platform says of itself */

/* What a build is made of; key is one text of all that decides about the result. */
typedef struct job {
    vane_device *device;
    const ocl_function *function;
    char options[192];
    char *key;
    uint64_t key_bytes;
    const char *source; /* in key */
} job;

#define MAX_TEXTS 4

/* The files that a program is made of, in order. */
static const char *const *texts_of(ocl_source source)
{
    static const char *const all[OCL_SOURCE_COUNT][MAX_TEXTS + 1] = {
        [OCL_SOURCE_ELEMENTWISE] = {ocl_text_common, ocl_text_math, ocl_text_elementwise,
                                    ocl_text_places},
        [OCL_SOURCE_MOVE] = {ocl_text_common, ocl_text_move, ocl_text_places},
        [OCL_SOURCE_REDUCE] = {ocl_text_common, ocl_text_plan, ocl_text_reduce},
        [OCL_SOURCE_SOFTMAX] = {ocl_text_common, ocl_text_plan, ocl_text_softmax},
        [OCL_SOURCE_MATMUL] = {ocl_text_common, ocl_text_matmul},
        [OCL_SOURCE_ARGMAX] = {ocl_text_common, ocl_text_plan, ocl_text_argmax},
    };
    return all[source];
}

/* -w: some compilers count their warnings on stderr, whoever asked. */
static void write_options(job *j)
{
    static const char *const ops[] = {
#define VANE_OP(ID, ...) #ID,
#include "vane/ops.def"
    };
    const ocl_function *f = j->function;
    char second[16] = "";
    if (f->dtype2 < VANE_DTYPE_COUNT)
        snprintf(second, sizeof second, " -DT2_%s", common_dtype_name(f->dtype2));
    snprintf(j->options, sizeof j->options,
             "-cl-std=CL1.2 -w -DOP_%s -DT_%s%s -DVARIANT=%u -DGROUP=%u -DON_CPU=%d "
             "-DEXACT_DIVISION=%d%s",
             ops[f->op], common_dtype_name(f->dtype), second, f->variant, j->device->group,
             j->device->is_cpu, j->device->exact_division,
             j->device->exact_division ? " -cl-fp32-correctly-rounded-divide-sqrt" : "");
}

/* ---- the key ---------------------------------------------------------------------- */

/* Found once: what of the machine decides about a binary. */
static vane_status identify(vane_device *d)
{
    static const cl_device_info asked[] = {CL_DEVICE_NAME, CL_DEVICE_VENDOR, CL_DEVICE_VERSION,
                                           CL_DRIVER_VERSION};
    const vane_host *host = d->backend->host;
    char line[TEXT_BYTES];
    cl_platform_id platform = NULL;
    if (d->identity)
        return VANE_OK;
    d->identity = host->alloc(host->ctx, 6 * TEXT_BYTES, 64);
    if (!d->identity)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a device's identity");
    char *end = d->identity;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        ocl_info_text(&d->backend->cl, d->id, asked[i], line, sizeof line);
        end = stpcpy(stpcpy(end, line), "\n");
    }
    line[0] = '\0';
    d->backend->cl.clGetDeviceInfo(d->id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    d->backend->cl.clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof line - 1, line, NULL);
    line[sizeof line - 1] = '\0';
    stpcpy(stpcpy(end, line), "\n");
    return VANE_OK;
}

/* What machine, which options, the whole text, which is the key's end. */
static vane_status write_key(job *j)
{
    const vane_host *host = j->device->backend->host;
    const char *const *texts = texts_of(j->function->source);
    vane_status st = identify(j->device);
    if (st != VANE_OK)
        return st;
    size_t room = strlen(j->device->identity) + strlen(j->options) + 2;
    for (size_t i = 0; texts[i]; i++)
        room += strlen(texts[i]);
    j->key = host->alloc(host->ctx, room, 64);
    if (!j->key)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for a program's key");
    char *end = stpcpy(stpcpy(stpcpy(j->key, j->device->identity), j->options), "\n");
    j->source = end;
    for (size_t i = 0; texts[i]; i++)
        end = stpcpy(end, texts[i]);
    j->key_bytes = (uint64_t)(end - j->key);
    return VANE_OK;
}

/* ---- from the cache ----------------------------------------------------------------- */

/* Some drivers take any bytes and fail later: only a program that gives the kernel is right. */
static int gives_kernel(const job *j, cl_program program)
{
    const ocl_api *cl = &j->device->backend->cl;
    cl_int code = cl->clBuildProgram(program, 1, &j->device->id, j->options, NULL, NULL);
    if (code != CL_SUCCESS)
        return 0;
    cl_kernel kernel = cl->clCreateKernel(program, j->function->function, &code);
    if (kernel)
        cl->clReleaseKernel(kernel);
    return kernel != NULL;
}

static cl_program from_binary(const job *j, const ocl_entry *entry)
{
    const ocl_api *cl = &j->device->backend->cl;
    size_t bytes = entry->binary_bytes;
    const unsigned char *binary = entry->binary;
    cl_int code = CL_SUCCESS, each = CL_SUCCESS;
    cl_program program = cl->clCreateProgramWithBinary(j->device->context, 1, &j->device->id,
                                                       &bytes, &binary, &each, &code);
    if (program && code == CL_SUCCESS && each == CL_SUCCESS && gives_kernel(j, program))
        return program;
    if (program)
        cl->clReleaseProgram(program);
    return NULL;
}

static cl_program from_cache(const job *j)
{
    const vane_host *host = j->device->backend->host;
    ocl_entry entry;
    if (!ocl_store_read(host, j->key, j->key_bytes, &entry))
        return NULL;
    cl_program program = from_binary(j, &entry);
    if (!program)
        host->log(host->ctx, VANE_LOG_INFO, "the driver refuses a cached program: built anew");
    host->free(host->ctx, entry.file);
    return program;
}

static void into_cache(const job *j, cl_program program)
{
    const ocl_api *cl = &j->device->backend->cl;
    const vane_host *host = j->device->backend->host;
    size_t bytes = 0;
    if (!ocl_store_wanted(host) ||
        cl->clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) !=
            CL_SUCCESS ||
        bytes == 0)
        return;
    unsigned char *binary = host->alloc(host->ctx, bytes, 64);
    if (!binary)
        return;
    if (cl->clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) ==
        CL_SUCCESS)
        ocl_store_write(host, j->key, j->key_bytes, binary, bytes);
    host->free(host->ctx, binary);
}

/* ---- from source -------------------------------------------------------------------- */

static void report_log(const job *j, cl_program program)
{
    const ocl_api *cl = &j->device->backend->cl;
    const vane_host *host = j->device->backend->host;
    size_t bytes = 0, room;
    cl->clGetProgramBuildInfo(program, j->device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    room = bytes + 512;
    char *text = host->alloc(host->ctx, room, 64);
    if (!text)
        return;
    int n = snprintf(text, room, "%s does not build (%s):\n", j->function->function, j->options);
    text[n + (int)bytes] = '\0';
    cl->clGetProgramBuildInfo(program, j->device->id, CL_PROGRAM_BUILD_LOG, bytes, text + n, NULL);
    host->report(host->ctx, VANE_E_UNSUPPORTED, text);
    host->free(host->ctx, text);
}

/* Out of memory may pass; a compiler that says no will say no again. */
static vane_status build_failed(const job *j, cl_program program, cl_int code)
{
    const vane_host *host = j->device->backend->host;
    if (code == CL_OUT_OF_HOST_MEMORY || code == CL_OUT_OF_RESOURCES ||
        code == CL_DEVICE_NOT_AVAILABLE)
        return ocl_fail(host, code, "clBuildProgram");
    report_log(j, program);
    return host->fail(host->ctx, VANE_E_UNSUPPORTED, code, "the program of %s does not build here",
                      j->function->function);
}

static vane_status from_source(const job *j, cl_program *out)
{
    const ocl_api *cl = &j->device->backend->cl;
    const char *text = j->source;
    cl_int code = CL_SUCCESS;
    cl_program program = cl->clCreateProgramWithSource(j->device->context, 1, &text, NULL, &code);
    if (!program)
        return ocl_fail(j->device->backend->host, code, "clCreateProgramWithSource");
    code = cl->clBuildProgram(program, 1, &j->device->id, j->options, NULL, NULL);
    if (code != CL_SUCCESS) {
        vane_status st = build_failed(j, program, code);
        cl->clReleaseProgram(program);
        return st;
    }
    *out = program;
    return VANE_OK;
}

vane_status ocl_program_build(vane_device *d, const ocl_function *f, cl_program *out)
{
    job j = {.device = d, .function = f};
    write_options(&j);
    vane_status st = write_key(&j);
    if (st != VANE_OK)
        return st;
    *out = from_cache(&j);
    if (!*out) {
        st = from_source(&j, out);
        if (st == VANE_OK)
            into_cache(&j, *out);
    }
    d->backend->host->free(d->backend->host->ctx, j.key);
    return st;
}
