/* SPDX-License-Identifier: MIT */
/* info.c - what a device says of itself, and what Vane makes of it. */
#include <stdio.h>
#include <string.h>

#include "host.h"

/* Answers have 4 or 8 bytes, and little-endian ones widen by themselves. */
uint64_t ocl_info_number(const ocl_api *cl, cl_device_id id, cl_device_info what)
{
    uint64_t wide = 0;
    size_t bytes = 0;
    if (cl->clGetDeviceInfo(id, what, sizeof wide, &wide, &bytes) != CL_SUCCESS)
        return 0;
    return bytes == sizeof wide || bytes == sizeof(uint32_t) ? wide : 0;
}

static void trim(char *text)
{
    size_t from = strspn(text, " \t\n"), n = strlen(text + from);
    while (n > 0 && strchr(" \t\n", text[from + n - 1]))
        n--;
    memmove(text, text + from, n);
    text[n] = '\0';
}

void ocl_info_text(const ocl_api *cl, cl_device_id id, cl_device_info what, char *out,
                   size_t out_bytes)
{
    char text[1024] = "";
    size_t bytes = 0;
    if (cl->clGetDeviceInfo(id, what, sizeof text, text, &bytes) != CL_SUCCESS)
        bytes = 0;
    text[bytes < sizeof text ? bytes : sizeof text - 1] = '\0';
    trim(text);
    snprintf(out, out_bytes, "%.*s", (int)out_bytes - 1, text);
}

static int has_extension(const ocl_api *cl, cl_device_id id, const char *name)
{
    char all[8192] = "";
    size_t n = strlen(name);
    if (cl->clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, sizeof all - 1, all, NULL) != CL_SUCCESS)
        return 0;
    for (const char *p = strstr(all, name); p; p = strstr(p + 1, name)) {
        if ((p == all || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return 1;
    }
    return 0;
}

#define CL_DEVICE_GLOBAL_FREE_MEMORY_AMD_ 0x4039 /* KiB: all, and the largest block */

uint64_t ocl_info_free_bytes(const ocl_api *cl, cl_device_id id)
{
    size_t kib[2] = {0};
    if (!has_extension(cl, id, "cl_amd_device_attribute_query") ||
        cl->clGetDeviceInfo(id, CL_DEVICE_GLOBAL_FREE_MEMORY_AMD_, sizeof kib, kib, NULL) !=
            CL_SUCCESS)
        return 0;
    return (uint64_t)kib[0] * 1024u;
}

/* ---- device_info -------------------------------------------------------------------- */

/* cl_ext.h's newer part, which older headers do not have */
#define CL_DEVICE_PCI_BUS_INFO_KHR_ 0x410F
#define CL_DEVICE_PCI_BUS_ID_NV_ 0x4008
#define CL_DEVICE_PCI_SLOT_ID_NV_ 0x4009
#define CL_DEVICE_PCI_DOMAIN_ID_NV_ 0x400A

/* Where the card sits is the same in every run; the number in the list need not be. */
static int pci_id(const ocl_api *cl, cl_device_id id, char *out, size_t out_bytes)
{
    cl_uint at[4] = {0}; /* domain, bus, device, function */
    if (cl->clGetDeviceInfo(id, CL_DEVICE_PCI_BUS_INFO_KHR_, sizeof at, at, NULL) == CL_SUCCESS)
        return snprintf(out, out_bytes, "%04x:%02x:%02x.%x", at[0] & 0xffffu, at[1] & 0xffu,
                        at[2] & 0xffu, at[3] & 0xfu) > 0;
    cl_uint bus = 0, slot = 0;
    if (cl->clGetDeviceInfo(id, CL_DEVICE_PCI_BUS_ID_NV_, sizeof bus, &bus, NULL) != CL_SUCCESS ||
        cl->clGetDeviceInfo(id, CL_DEVICE_PCI_SLOT_ID_NV_, sizeof slot, &slot, NULL) != CL_SUCCESS)
        return 0;
    cl_uint domain = (cl_uint)ocl_info_number(cl, id, CL_DEVICE_PCI_DOMAIN_ID_NV_);
    return snprintf(out, out_bytes, "%04x:%02x:%02x.%x", domain & 0xffffu, bus & 0xffu,
                    (slot >> 3) & 0x1fu, slot & 7u) > 0;
}

static void name_it(const vane_backend *b, const ocl_found *f, uint32_t i, vane_device_info *out)
{
    uint32_t of_platform = 0;
    for (uint32_t j = 0; j < i; j++)
        of_platform += b->found[j].platform == f->platform;
    ocl_info_text(&b->cl, f->id, CL_DEVICE_NAME, out->name, sizeof out->name);
    ocl_info_text(&b->cl, f->id, CL_DEVICE_VENDOR, out->vendor, sizeof out->vendor);
    ocl_info_text(&b->cl, f->id, CL_DRIVER_VERSION, out->driver, sizeof out->driver);
    if (!pci_id(&b->cl, f->id, out->id, sizeof out->id))
        snprintf(out->id, sizeof out->id, "ocl%u.%u", f->platform, of_platform);
}

static uint32_t kind_of(uint64_t type)
{
    if (type & CL_DEVICE_TYPE_GPU)
        return VANE_KIND_GPU;
    return type & CL_DEVICE_TYPE_CPU ? VANE_KIND_CPU : VANE_KIND_OTHER;
}

vane_status ocl_device_info(vane_backend *b, uint32_t i, vane_device_info *out)
{
    const vane_host *host = b->host;
    if (i >= b->found_count)
        return host->fail(host->ctx, VANE_E_ARGUMENT, 0, "device is %u, expected less than %u", i,
                          b->found_count);
    const ocl_found *f = &b->found[i];
    const ocl_api *cl = &b->cl;
    name_it(b, f, i, out);
    out->kind = kind_of(ocl_info_number(cl, f->id, CL_DEVICE_TYPE));
    out->caps = VANE_CAP_ASYNC | VANE_CAP_EVENT_TIME | VANE_CAP_FORK_UNSAFE;
    if (ocl_info_number(cl, f->id, CL_DEVICE_HOST_UNIFIED_MEMORY))
        out->caps |= VANE_CAP_UNIFIED;
    out->mem_total_bytes = ocl_info_number(cl, f->id, CL_DEVICE_GLOBAL_MEM_SIZE);
    out->mem_free_bytes = ocl_info_free_bytes(cl, f->id);
    out->mem_align_bytes = ocl_info_number(cl, f->id, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
    out->mem_max_alloc_bytes = ocl_info_number(cl, f->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    out->compute_units = (uint32_t)ocl_info_number(cl, f->id, CL_DEVICE_MAX_COMPUTE_UNITS);
    out->clock_mhz = (uint32_t)ocl_info_number(cl, f->id, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    out->simd_bits = 32 * (uint32_t)ocl_info_number(cl, f->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    out->dtypes = (1u << VANE_DTYPE_COUNT) - 1u;
    if (!ocl_info_number(cl, f->id, CL_DEVICE_DOUBLE_FP_CONFIG))
        out->dtypes &= ~(1u << VANE_F64);
    return VANE_OK;
}
