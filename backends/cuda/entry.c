/* SPDX-License-Identifier: MIT */
/* entry.c - the exported constant and the note. Constants only.
 *
 * Where to look: api.c (the driver), backend.c (which devices), device.c and info.c (one device),
 * renew.c (after a loss), memory.c, transfer.c, queue.c, event.c (the contract's objects), module.c
 * (device code), launch.c (one kernel), graph.c (many), kernels.c (all of them). A family of ops is
 * a .c file, which shapes the launch, and .cu files in kernels/; stems.def lists what is in those.
 */
#include "host.h"

static const vane_backend_vt table = {
    .struct_size = sizeof(vane_backend_vt),
    .open = cuda_backend_open,
    .close = cuda_backend_close,
    .device_count = cuda_device_count,
    .device_info = cuda_device_info,
    .device_open = cuda_device_open,
    .device_close = cuda_device_close,
    .kernel = cuda_device_kernel,
    .accepts = cuda_device_accepts,
    .mem_alloc = cuda_mem_alloc,
    .mem_free = cuda_mem_free,
    .mem_host_ptr = cuda_mem_host_ptr,
    .queue_open = cuda_queue_open,
    .queue_close = cuda_queue_close,
    .queue_sync = cuda_queue_sync,
    .queue_wait = cuda_queue_wait,
    .queue_mark = cuda_queue_mark,
    .queue_callback = cuda_queue_callback,
    .upload = cuda_upload,
    .download = cuda_download,
    .copy = cuda_copy,
    .launch = cuda_queue_launch,
    .event_wait = cuda_event_wait,
    .event_time = cuda_event_time,
    .event_free = cuda_event_free,
    .telemetry = cuda_device_telemetry,
    .extension = cuda_extension,
};

VANE_BACKEND_FLAGS("cuda", VANE_VERSION, "NVIDIA GPUs by the CUDA driver", 0, 6, VANE_BACKEND_SLOW,
                   &table);
