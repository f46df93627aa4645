#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""wild.py - runs a kernel that writes behind its buffer, on the first OpenCL device there is: the
control of the grind part. Prints the device's name; whoever watches it must have seen the write."""
import ctypes
import sys

SOURCE = b"kernel void wild(global int *x) { x[get_global_id(0) + 4] = 1; }"

cl = ctypes.CDLL("libOpenCL.so.1")
for name in ("clCreateContext", "clCreateBuffer", "clCreateProgramWithSource", "clCreateKernel", "clCreateCommandQueue"):
    getattr(cl, name).restype = ctypes.c_void_p


def good(code, what):
    if code != 0:
        sys.exit(f"{what}: {code}")


def made(handle, what):
    return ctypes.c_void_p(handle) if handle else sys.exit(f"{what}: nothing was made")


platform, device = ctypes.c_void_p(), ctypes.c_void_p()
good(cl.clGetPlatformIDs(1, ctypes.byref(platform), None), "clGetPlatformIDs")
good(cl.clGetDeviceIDs(platform, ctypes.c_uint64(0xffffffff), 1, ctypes.byref(device), None), "clGetDeviceIDs")
text = ctypes.create_string_buffer(256)
good(cl.clGetDeviceInfo(device, 0x102B, ctypes.c_size_t(256), text, None), "clGetDeviceInfo")
print(text.value.decode())
context = made(cl.clCreateContext(None, 1, ctypes.byref(device), None, None, None), "clCreateContext")
queue = made(cl.clCreateCommandQueue(context, device, ctypes.c_uint64(0), None), "clCreateCommandQueue")
buffer = made(cl.clCreateBuffer(context, ctypes.c_uint64(1), ctypes.c_size_t(16), None, None), "clCreateBuffer")
source = ctypes.c_char_p(SOURCE)
program = made(cl.clCreateProgramWithSource(context, 1, ctypes.byref(source), None, None), "clCreateProgramWithSource")
good(cl.clBuildProgram(program, 1, ctypes.byref(device), None, None, None), "clBuildProgram")
kernel = made(cl.clCreateKernel(program, b"wild", None), "clCreateKernel")
good(cl.clSetKernelArg(kernel, 0, ctypes.c_size_t(8), ctypes.byref(buffer)), "clSetKernelArg")
size = ctypes.c_size_t(4)
good(cl.clEnqueueNDRangeKernel(queue, kernel, 1, None, ctypes.byref(size), None, 0, None, None), "clEnqueueNDRangeKernel")
good(cl.clFinish(queue), "clFinish")
