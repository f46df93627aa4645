/* SPDX-License-Identifier: MIT */
/* entry.c - the exported constant and the note. Constants only.
 *
 * Where to look: api.c (the ICD loader), backend.c (platforms and devices), device.c and info.c
 * (one device), memory.c, transfer.c, queue.c, event.c (the contract's objects), program.c and
 * build.c (programs), store.c and cache.c (what of them is kept on disk), launch.c (one kernel),
 * kernels.c (all of them). A family of ops is a .c file, which shapes the launch, and a .cl file;
 * geometry.c and plan.c are what several share, blast.c is CLBlast.
 */
#include "host.h"

static const vane_backend_vt table = {
    .struct_size = sizeof(vane_backend_vt),
    .open = ocl_backend_open,
    .close = ocl_backend_close,
    .device_count = ocl_device_count,
    .device_info = ocl_device_info,
    .device_open = ocl_device_open,
    .device_close = ocl_device_close,
    .kernel = ocl_device_kernel,
    .accepts = ocl_device_accepts,
    .mem_alloc = ocl_mem_alloc,
    .mem_import = ocl_mem_import,
    .mem_free = ocl_mem_free,
    .mem_host_ptr = ocl_mem_host_ptr,
    .mem_map = ocl_mem_map,
    .mem_unmap = ocl_mem_unmap,
    .queue_open = ocl_queue_open,
    .queue_close = ocl_queue_close,
    .queue_sync = ocl_queue_sync,
    .queue_wait = ocl_queue_wait,
    .queue_mark = ocl_queue_mark,
    .queue_callback = ocl_queue_callback,
    .upload = ocl_upload,
    .download = ocl_download,
    .copy = ocl_copy,
    .launch = ocl_queue_launch,
    .event_wait = ocl_event_wait,
    .event_time = ocl_event_time,
    .event_free = ocl_event_free,
    .telemetry = ocl_device_telemetry,
    .queue_open_untimed = ocl_queue_open_untimed,
};

VANE_BACKEND_FLAGS("opencl", VANE_VERSION, "every OpenCL platform and device", 0, 5,
                   VANE_BACKEND_SLOW, &table);
