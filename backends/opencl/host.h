/* SPDX-License-Identifier: MIT */
/* host.h - the contract's functions and what the host side's files tell each other. The families
 * of kernels need none of it: theirs is opencl.h.
 */
#ifndef OCL_HOST_H
#define OCL_HOST_H

#include "opencl.h"

/* backend.c: platforms and devices */
vane_status ocl_backend_open(const vane_host *host, vane_backend **out);
void ocl_backend_close(vane_backend *b);
vane_status ocl_device_count(vane_backend *b, uint32_t *out);

/* device.c, info.c */
vane_status ocl_device_info(vane_backend *b, uint32_t i, vane_device_info *out);
vane_status ocl_device_open(vane_backend *b, uint32_t i, vane_device **out);
void ocl_device_close(vane_device *d);
vane_status ocl_device_telemetry(vane_device *d, vane_telemetry *out);
/* The context, made when memory or a queue first needs it. [device] */
vane_status ocl_device_ready(vane_device *d);
/* A number the device tells, or 0. */
uint64_t ocl_info_number(const ocl_api *cl, cl_device_id id, cl_device_info what);
/* Its text, trimmed; "" when there is none. */
void ocl_info_text(const ocl_api *cl, cl_device_id id, cl_device_info what, char *out,
                   size_t out_bytes);
/* Memory that is free now, where the driver tells (AMD's does); 0 unknown. */
uint64_t ocl_info_free_bytes(const ocl_api *cl, cl_device_id id);

/* kernels.c */
void ocl_kernels_fill(vane_device *d);
const vane_kernel *ocl_device_kernel(vane_device *d, uint32_t op, const char *name, uint32_t dtype);
vane_status ocl_device_accepts(vane_device *d, const vane_kernel *k, const vane_call *call);

/* memory.c */
vane_status ocl_mem_alloc(vane_device *d, uint32_t space, uint64_t bytes, vane_mem **out);
vane_status ocl_mem_import(vane_device *d, void *host, uint64_t bytes, vane_mem **out);
void ocl_mem_free(vane_device *d, vane_mem *m);
void *ocl_mem_host_ptr(vane_mem *m);

/* transfer.c */
vane_status ocl_mem_map(vane_queue *q, vane_mem *m, uint64_t offset_bytes, uint64_t bytes,
                        uint32_t intent, void **out);
vane_status ocl_mem_unmap(vane_queue *q, vane_mem *m, void *p, vane_event **out);
vane_status ocl_upload(vane_queue *q, vane_mem *dst, uint64_t dst_offset, const void *src,
                       uint64_t bytes, vane_event **out);
vane_status ocl_download(vane_queue *q, void *dst, vane_mem *src, uint64_t src_offset,
                         uint64_t bytes, vane_event **out);
vane_status ocl_copy(vane_queue *q, vane_mem *dst, uint64_t dst_offset, vane_mem *src,
                     uint64_t src_offset, uint64_t bytes, vane_event **out);

/* queue.c */
vane_status ocl_queue_open(vane_device *d, vane_queue **out);
vane_status ocl_queue_open_untimed(vane_device *d, vane_queue **out);
void ocl_queue_close(vane_queue *q);
vane_status ocl_queue_sync(vane_queue *q);
vane_status ocl_queue_wait(vane_queue *q, vane_event *e);
vane_status ocl_queue_mark(vane_queue *q, vane_event **out);
vane_status ocl_queue_callback(vane_queue *q, void (*fn)(void *arg), void *arg);
vane_status ocl_queue_launch(vane_queue *q, const vane_kernel *k, const vane_call *call,
                             vane_event **out);

/* event.c. The pool hands out vane_events without asking the host for memory each time. */
vane_status ocl_events_open(vane_backend *b);
void ocl_events_close(vane_backend *b);
/* Wraps e (owned from here on, also on failure) for the core; e NULL: complete already. */
vane_status ocl_event_wrap(vane_queue *q, cl_event e, vane_event **out);
vane_status ocl_event_wait(vane_event *e, uint64_t timeout_ns);
/* How a command ended; VANE_E_TIMEOUT (recorded nowhere): it has not. */
vane_status ocl_command_status(const vane_backend *b, cl_event e);
vane_status ocl_event_time(vane_event *e, uint64_t *begin_ns, uint64_t *end_ns);
void ocl_event_free(vane_event *e);

/* args.c; NULL is nothing */
void ocl_args_free(const vane_backend *b, ocl_args *args);

/* program.c */
/* One more cl_kernel for f, which was asked for before; NULL: none to be had. */
cl_kernel ocl_function_twin(vane_queue *q, const ocl_function *f);
void ocl_programs_close(vane_device *d);
/* The cl_kernels of a queue that closes. */
void ocl_functions_release(vane_queue *q);

/* The sources (ocl_text.c, made by embed.py from the .cl files). */
extern const char ocl_text_common[];
extern const char ocl_text_math[];
extern const char ocl_text_places[];
extern const char ocl_text_plan[];
extern const char ocl_text_elementwise[];
extern const char ocl_text_move[];
extern const char ocl_text_reduce[];
extern const char ocl_text_argmax[];
extern const char ocl_text_softmax[];
extern const char ocl_text_matmul[];

#endif
