/* SPDX-License-Identifier: MIT */
/* backend.c - opens the loader and lists every device of every platform. A platform or device
 * that answers with an error is left out with a line in the report; the others stay.
 */
#include <stdio.h>
#include <string.h>

#include "host.h"

#define MAX_PLATFORMS 32u
#define MAX_DEVICES 64u /* of one platform */

static void report(const vane_host *host, cl_int code, const char *what, uint32_t platform)
{
    char line[160];
    snprintf(line, sizeof line, "platform %u: %s: %s (%d)", platform, what, ocl_error_name(code),
             code);
    host->report(host->ctx, VANE_E_UNSUPPORTED, line);
}

/* Older platforms cannot be asked for what the calls of this backend need. */
static int is_new_enough(const vane_backend *b, uint32_t platform, cl_device_id id)
{
    char version[64], line[256], name[96];
    unsigned major = 0, minor = 0;
    ocl_info_text(&b->cl, id, CL_DEVICE_VERSION, version, sizeof version);
    if (sscanf(version, "OpenCL %u.%u", &major, &minor) == 2 && major * 10 + minor >= 12)
        return 1;
    ocl_info_text(&b->cl, id, CL_DEVICE_NAME, name, sizeof name);
    snprintf(line, sizeof line, "platform %u: %s has version \"%s\": OpenCL 1.2 is needed",
             platform, name, version);
    b->host->report(b->host->ctx, VANE_E_UNSUPPORTED, line);
    return 0;
}

/* What is missing, in words; NULL: nothing. */
static const char *unusable(const vane_backend *b, cl_device_id id)
{
    if (!ocl_info_number(&b->cl, id, CL_DEVICE_AVAILABLE))
        return "is not available";
    if (!ocl_info_number(&b->cl, id, CL_DEVICE_COMPILER_AVAILABLE))
        return "has no compiler";
    if (!ocl_info_number(&b->cl, id, CL_DEVICE_ENDIAN_LITTLE))
        return "is big-endian, which this backend does not know";
    return NULL;
}

static int is_usable(const vane_backend *b, uint32_t platform, cl_device_id id)
{
    char line[256], name[96];
    const char *why = unusable(b, id);
    if (!is_new_enough(b, platform, id))
        return 0;
    if (!why)
        return 1;
    ocl_info_text(&b->cl, id, CL_DEVICE_NAME, name, sizeof name);
    snprintf(line, sizeof line, "platform %u: %s %s", platform, name, why);
    b->host->report(b->host->ctx, VANE_E_UNSUPPORTED, line);
    return 0;
}

static vane_status add(vane_backend *b, uint32_t platform, cl_device_id id)
{
    const vane_host *host = b->host;
    ocl_found *more = host->alloc(host->ctx, (b->found_count + 1) * sizeof *more, 64);
    if (!more)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the list of devices");
    if (b->found)
        memcpy(more, b->found, b->found_count * sizeof *more);
    more[b->found_count++] = (ocl_found){.id = id, .platform = platform};
    host->free(host->ctx, b->found);
    b->found = more;
    return VANE_OK;
}

static vane_status list_devices(vane_backend *b, uint32_t platform, cl_platform_id of)
{
    cl_device_id ids[MAX_DEVICES];
    cl_uint count = 0;
    vane_status st = VANE_OK;
    cl_int code = b->cl.clGetDeviceIDs(of, CL_DEVICE_TYPE_ALL, MAX_DEVICES, ids, &count);
    if (code != CL_SUCCESS) {
        report(b->host, code, "clGetDeviceIDs", platform);
        return VANE_OK;
    }
    if (count > MAX_DEVICES)
        count = MAX_DEVICES;
    for (cl_uint i = 0; st == VANE_OK && i < count; i++) {
        if (is_usable(b, platform, ids[i]))
            st = add(b, platform, ids[i]);
    }
    return st;
}

static vane_status list_platforms(vane_backend *b)
{
    const vane_host *host = b->host;
    cl_platform_id ids[MAX_PLATFORMS];
    cl_uint count = 0;
    vane_status st = VANE_OK;
    cl_int code = b->cl.clGetPlatformIDs(MAX_PLATFORMS, ids, &count);
    if (code != CL_SUCCESS || count == 0)
        return host->fail(
            host->ctx, VANE_E_UNSUPPORTED, code,
            "no OpenCL platform: the ICD loader found no driver (/etc/OpenCL/vendors)");
    if (count > MAX_PLATFORMS)
        count = MAX_PLATFORMS;
    for (cl_uint i = 0; st == VANE_OK && i < count; i++)
        st = list_devices(b, i, ids[i]);
    if (st == VANE_OK && b->found_count == 0)
        st = host->fail(host->ctx, VANE_E_UNSUPPORTED, CL_DEVICE_NOT_FOUND,
                        "no OpenCL device that can be used in %u platform%s", count,
                        count == 1 ? "" : "s");
    return st;
}

vane_status ocl_backend_open(const vane_host *host, vane_backend **out)
{
    vane_backend *b = host->alloc(host->ctx, sizeof *b, 64);
    if (!b)
        return host->fail(host->ctx, VANE_E_NOMEM, 0, "no memory for the backend");
    *b = (vane_backend){.host = host};
    vane_status st = ocl_api_open(host, &b->lib, &b->cl);
    if (st == VANE_OK)
        st = list_platforms(b);
    if (st == VANE_OK)
        st = ocl_events_open(b);
    if (st != VANE_OK) {
        ocl_backend_close(b);
        return st;
    }
    b->blast = ocl_blast_open(host);
    *out = b;
    return VANE_OK;
}

void ocl_backend_close(vane_backend *b)
{
    const vane_host *host = b->host;
    ocl_blast_close(b->blast);
    ocl_events_close(b);
    host->free(host->ctx, b->found);
    ocl_api_close(b->lib);
    host->free(host->ctx, b);
}

vane_status ocl_device_count(vane_backend *b, uint32_t *out)
{
    *out = b->found_count;
    return VANE_OK;
}
