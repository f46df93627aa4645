/* SPDX-License-Identifier: MIT */
/* api.c - the ICD loader, opened at run time, and what OpenCL's error numbers mean to Vane. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

/* Drivers have threads and exit handlers: once mapped, they stay. The reason is that of the first
 * name: the second is only there where headers are installed. */
static void *open_any(char *why, size_t why_bytes)
{
    const int flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
    void *lib = dlopen("libOpenCL.so.1", flags);
    const char *said = lib ? NULL : dlerror();
    snprintf(why, why_bytes, "%s", said ? said : "libOpenCL.so.1 does not open");
    return lib ? lib : dlopen("libOpenCL.so", flags);
}

/* ISO C has no cast from a data to a function pointer; POSIX promises the bits are right. */
static const char *resolve(void *lib, ocl_api *api)
{
    static const struct {
        const char *name;
        size_t at;
    } all[] = {
#define OCL_API_ROW(name) {#name, offsetof(ocl_api, name)},
        OCL_API_MAP(OCL_API_ROW)
#undef OCL_API_ROW
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        void *p = dlsym(lib, all[i].name);
        if (!p)
            return all[i].name;
        memcpy((char *)api + all[i].at, &p, sizeof p);
    }
    return NULL;
}

vane_status ocl_api_open(const vane_host *host, void **lib, ocl_api *api)
{
    char why[256];
    *lib = open_any(why, sizeof why);
    if (!*lib)
        return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0, "no OpenCL loader: %s", why);
    const char *missing = resolve(*lib, api);
    if (!missing)
        return VANE_OK;
    ocl_api_close(*lib);
    *lib = NULL;
    return host->fail(host->ctx, VANE_E_UNSUPPORTED, 0,
                      "libOpenCL.so.1 has no %s: OpenCL 1.2 is needed", missing);
}

void ocl_api_close(void *lib)
{
    if (lib)
        dlclose(lib);
}

/* ---- errors ---------------------------------------------------------------------- */

/* clang-format off */
#define OCL_ERROR_MAP(X)                                                                       \
    X(CL_DEVICE_NOT_FOUND, UNSUPPORTED) X(CL_DEVICE_NOT_AVAILABLE, DEVICE_LOST)                \
    X(CL_COMPILER_NOT_AVAILABLE, UNSUPPORTED) X(CL_MEM_OBJECT_ALLOCATION_FAILURE, NOMEM)       \
    X(CL_OUT_OF_RESOURCES, NOMEM) X(CL_OUT_OF_HOST_MEMORY, NOMEM)                              \
    X(CL_PROFILING_INFO_NOT_AVAILABLE, UNSUPPORTED) X(CL_MEM_COPY_OVERLAP, OVERLAP)            \
    X(CL_IMAGE_FORMAT_MISMATCH, INTERNAL) X(CL_IMAGE_FORMAT_NOT_SUPPORTED, INTERNAL)           \
    X(CL_BUILD_PROGRAM_FAILURE, UNSUPPORTED) X(CL_MAP_FAILURE, NOMEM)                          \
    X(CL_MISALIGNED_SUB_BUFFER_OFFSET, INTERNAL)                                               \
    X(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, INTERNAL)                                  \
    X(CL_COMPILE_PROGRAM_FAILURE, UNSUPPORTED) X(CL_LINKER_NOT_AVAILABLE, UNSUPPORTED)         \
    X(CL_LINK_PROGRAM_FAILURE, UNSUPPORTED) X(CL_DEVICE_PARTITION_FAILED, INTERNAL)            \
    X(CL_KERNEL_ARG_INFO_NOT_AVAILABLE, INTERNAL) X(CL_INVALID_VALUE, INTERNAL)                \
    X(CL_INVALID_DEVICE_TYPE, INTERNAL) X(CL_INVALID_PLATFORM, INTERNAL)                       \
    X(CL_INVALID_DEVICE, DEVICE_LOST) X(CL_INVALID_CONTEXT, INTERNAL)                          \
    X(CL_INVALID_QUEUE_PROPERTIES, INTERNAL) X(CL_INVALID_COMMAND_QUEUE, DEVICE_LOST)          \
    X(CL_INVALID_HOST_PTR, INTERNAL) X(CL_INVALID_MEM_OBJECT, INTERNAL)                        \
    X(CL_INVALID_BINARY, INTERNAL) X(CL_INVALID_BUILD_OPTIONS, UNSUPPORTED)                    \
    X(CL_INVALID_PROGRAM, INTERNAL) X(CL_INVALID_PROGRAM_EXECUTABLE, INTERNAL)                 \
    X(CL_INVALID_KERNEL_NAME, INTERNAL) X(CL_INVALID_KERNEL_DEFINITION, INTERNAL)              \
    X(CL_INVALID_KERNEL, INTERNAL) X(CL_INVALID_ARG_INDEX, INTERNAL)                           \
    X(CL_INVALID_ARG_VALUE, INTERNAL) X(CL_INVALID_ARG_SIZE, INTERNAL)                         \
    X(CL_INVALID_KERNEL_ARGS, INTERNAL) X(CL_INVALID_WORK_DIMENSION, INTERNAL)                 \
    X(CL_INVALID_WORK_GROUP_SIZE, INTERNAL) X(CL_INVALID_WORK_ITEM_SIZE, INTERNAL)             \
    X(CL_INVALID_GLOBAL_OFFSET, INTERNAL) X(CL_INVALID_EVENT_WAIT_LIST, INTERNAL)              \
    X(CL_INVALID_EVENT, INTERNAL) X(CL_INVALID_OPERATION, INTERNAL)                            \
    X(CL_INVALID_BUFFER_SIZE, NOMEM) X(CL_INVALID_GLOBAL_WORK_SIZE, INTERNAL)                  \
    X(CL_INVALID_PROPERTY, INTERNAL)
/* clang-format on */

#define CL_PLATFORM_NOT_FOUND_KHR_ (-1001) /* of cl_icd.h, which may be missing */

typedef struct meaning {
    cl_int code;
    vane_status status;
    const char *name;
} meaning;

static const meaning *find(cl_int code)
{
    static const meaning all[] = {
#define OCL_ERROR_ROW(code, status) {code, VANE_E_##status, #code},
        OCL_ERROR_MAP(OCL_ERROR_ROW)
#undef OCL_ERROR_ROW
            {CL_PLATFORM_NOT_FOUND_KHR_, VANE_E_UNSUPPORTED, "CL_PLATFORM_NOT_FOUND_KHR"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].code == code)
            return &all[i];
    }
    return NULL;
}

const char *ocl_error_name(cl_int code)
{
    const meaning *m = find(code);
    return m ? m->name : code == CL_SUCCESS ? "CL_SUCCESS" : "an unknown OpenCL error";
}

vane_status ocl_fail(const vane_host *host, cl_int code, const char *what)
{
    const meaning *m = find(code);
    return host->fail(host->ctx, m ? m->status : VANE_E_INTERNAL, code, "%s: %s (%d)", what,
                      ocl_error_name(code), code);
}

vane_status ocl_fail_queue(const vane_backend *b, cl_command_queue queue, cl_int code,
                           const char *what)
{
    if (code == CL_OUT_OF_RESOURCES && queue) {
        cl_int again = b->cl.clFinish(queue);
        if (again != CL_SUCCESS)
            return b->host->fail(b->host->ctx, VANE_E_DEVICE_LOST, code,
                                 "%s: %s (%d), and the queue cannot be finished: %s (%d)", what,
                                 ocl_error_name(code), code, ocl_error_name(again), again);
    }
    return ocl_fail(b->host, code, what);
}
