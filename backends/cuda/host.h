/* SPDX-License-Identifier: MIT */
/* host.h - the contract's functions and what the host side's files tell each other. The families
 * of kernels need none of it: theirs is gpu.h.
 */
#ifndef CUDA_HOST_H
#define CUDA_HOST_H

#include "gpu.h"

/* backend.c */
vane_status cuda_backend_open(const vane_host *host, vane_backend **out);
void cuda_backend_close(vane_backend *b);
vane_status cuda_device_count(vane_backend *b, uint32_t *out);
const void *cuda_extension(vane_backend *b, const char *id);

/* device.c, info.c */
vane_status cuda_device_info(vane_backend *b, uint32_t i, vane_device_info *out);
vane_status cuda_device_open(vane_backend *b, uint32_t i, vane_device **out);
void cuda_device_close(vane_device *d);
vane_status cuda_device_telemetry(vane_device *d, vane_telemetry *out);
/* The context, made when memory or a queue first needs it. [device] */
vane_status cuda_device_ready(vane_device *d);
/* Makes the context and what the device itself has in it; what: the function that failed. */
CUresult cuda_context_make(vane_device *d, const char **what);
/* Gives back all of it, with what queues, events and memory have there; nobody is inside. */
void cuda_context_give_up(vane_device *d);
/* A number the device tells, or 0. */
int cuda_info_number(const cuda_driver *cu, CUdevice id, CUdevice_attribute what);

/* renew.c */
const void *cuda_renewal(void); /* the extension */

/* kernels.c */
void cuda_kernels_fill(vane_device *d);
const vane_kernel *cuda_device_kernel(vane_device *d, uint32_t op, const char *name,
                                      uint32_t dtype);

/* nvml.c */
void cuda_nvml_open(vane_device *d);
void cuda_nvml_close(vane_backend *b);
void cuda_nvml_read(const vane_device *d, vane_telemetry *out);

/* blas.c */
cuda_blas *cuda_blas_open(const vane_host *host);
void cuda_blas_close(vane_backend *b);
void cuda_blas_release(vane_queue *q); /* of a queue that closes */
vane_status cuda_device_accepts(vane_device *d, const vane_kernel *k, const vane_call *call);

/* memory.c */
vane_status cuda_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out);
void cuda_mem_free(vane_device *d, vane_mem *m);
void *cuda_mem_host_ptr(vane_mem *m);
/* All of a context that is given up; under the lock, nobody inside. */
void cuda_memories_lose(vane_device *d);
/* Device memory with d's context current; what it gave back is taken back first where there is too
 * little. */
CUresult cuda_memory_take(vane_device *d, CUstream stream, uint64_t bytes, CUdeviceptr *out);
CUresult cuda_memory_give(vane_device *d, CUstream stream, CUdeviceptr at);

/* transfer.c */
vane_status cuda_upload(vane_queue *q, vane_mem *dst, uint64_t dst_offset, const void *src,
                        uint64_t bytes, vane_event **out);
vane_status cuda_download(vane_queue *q, void *dst, vane_mem *src, uint64_t src_offset,
                          uint64_t bytes, vane_event **out);
vane_status cuda_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                      uint64_t src_offset, uint64_t bytes, vane_event **out);
void cuda_staging_close(vane_queue *q); /* with its work done and its context current */

/* queue.c */
vane_status cuda_queue_open(vane_device *d, vane_queue **out);
void cuda_queue_close(vane_queue *q);
/* What it has in the context, which is current. */
CUresult cuda_queue_furnish(vane_queue *q);
void cuda_queue_strip(vane_queue *q);
/* Waits until nothing of q runs. With the context current. */
CUresult cuda_queue_drain(vane_queue *q);
vane_status cuda_queue_sync(vane_queue *q);
vane_status cuda_queue_wait(vane_queue *q, vane_event *e);
vane_status cuda_queue_mark(vane_queue *q, vane_event **out);
vane_status cuda_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg);
vane_status cuda_queue_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                              vane_event **out);
/* VANE_E_DEVICE_LOST: some of its memory is from before d was made anew. The context is current. */
vane_status cuda_call_check(vane_device *d, const vane_call *call);

/* event.c. A device keeps the events that are free; its context is current in take, begin and
 * end. */
void cuda_events_close(vane_device *d);
/* Those of a context that is given up: whatever is asked of them is VANE_E_DEVICE_LOST. Under the
 * lock, nobody inside. */
void cuda_events_lose(vane_device *d);
/* Here times begin from now on. */
CUresult cuda_epoch_set(vane_device *d);
vane_status cuda_event_take(vane_queue *q, vane_event **out);
/* Before a command: an event whose time begins here. out NULL: none is wanted. */
vane_status cuda_event_begin(vane_queue *q, vane_event **out, vane_event **event);
/* After it: st, or with a command that was enqueued the event for the core. */
vane_status cuda_event_end(vane_queue *q, vane_status st, vane_event *event, vane_event **out);
vane_status cuda_event_wait(vane_event *e, uint64_t timeout_ns);
vane_status cuda_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns);
void cuda_event_free(vane_event *e);

/* graph.c */
const void *cuda_graphs(void);          /* the extension */
void cuda_graphs_close(vane_device *d); /* what is left of them, with their context */

/* module.c */
void cuda_modules_close(vane_device *d);
uint32_t cuda_stem_threads(cuda_stem stem_id); /* of a block */
/* The device code (blobs.c, made by embed.py). */
extern const struct cuda_blob {
    const void *begin;
} cuda_blobs[CUDA_FILE_COUNT];

#endif
