#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_numpy.py LIBVANE - arrays to Vane and back, through NumPy's own DLPack and ctypes.

NumPy is the other program here: its __dlpack__ makes what vane_from_dlpack takes over, and its
from_dlpack takes what vane_to_dlpack makes. Without NumPy everything is skipped.
"""
import ctypes
import gc
import os
import sys
import traceback
import weakref

for variable in list(os.environ):  # what the tester's shell sets must not decide
    if variable.startswith("VANE_") and variable not in ("VANE_PLUGIN_PATH", "VANE_OPENCL_CACHE_DIR"):
        del os.environ[variable]
os.environ["VANE_CACHE"] = "0"  # nothing of the user's is read or written
try:
    import numpy as np
except ImportError as reason:
    print(f"skipped: dlpack with numpy: {reason}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)


class Skip(Exception):
    pass


class Tensor(ctypes.Structure):  # vane_tensor
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_uint32), ("rank", ctypes.c_uint32),
                ("shape", ctypes.c_int64 * 8), ("stride", ctypes.c_int64 * 8),
                ("buffer", ctypes.c_uint64), ("offset", ctypes.c_uint64)]


class Error(ctypes.Structure):  # vane_error
    _fields_ = [("status", ctypes.c_int), ("native", ctypes.c_int64), ("backend", ctypes.c_char * 16),
                ("message", ctypes.c_char * 360)]


vane = ctypes.CDLL(sys.argv[1])
vane.vane_last_error.restype = ctypes.POINTER(Error)
python = ctypes.pythonapi
python.PyCapsule_GetPointer.restype = ctypes.c_void_p
python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_New.restype = ctypes.py_object
python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

PLAIN, VERSIONED = (b"dltensor", b"used_dltensor", ""), (b"dltensor_versioned", b"used_dltensor_versioned", "_versioned")
context = ctypes.c_void_p()


def message():
    return vane.vane_last_error().contents.message.decode()


def good(status):
    assert status == 0, message()


class Buffer:
    """An array in Vane's hands, until close()."""

    def __init__(self, array, form=PLAIN):
        capsule = array.__dlpack__() if form is PLAIN else array.__dlpack__(max_version=(1, 0))
        self.tensor, self.handle = Tensor(), ctypes.c_uint64()
        pointer = ctypes.c_void_p(python.PyCapsule_GetPointer(capsule, form[0]))
        status = getattr(vane, "vane_from_dlpack" + form[2])(context, pointer, ctypes.byref(self.tensor),
                                                             ctypes.byref(self.handle))
        if status != 0:
            raise ValueError(message())  # the capsule still has it, and deletes it
        python.PyCapsule_SetName(capsule, form[1])

    def close(self):
        good(vane.vane_buffer_close(context, self.handle))


class Lent:
    """A tensor of Vane's, as NumPy asks for it."""

    def __init__(self, tensor, form=PLAIN):
        self.tensor, self.form = tensor, form

    def __dlpack_device__(self):
        return (1, 0)

    def __dlpack__(self, **_):
        out = ctypes.c_void_p()
        good(getattr(vane, "vane_to_dlpack" + self.form[2])(context, ctypes.byref(self.tensor), ctypes.byref(out)))
        return python.PyCapsule_New(out, self.form[0], None)


def arrays():
    for name in ("float16", "float32", "float64", "int8", "int32", "int64", "uint8"):
        yield np.arange(24).reshape(2, 3, 4).astype(name)
    x = np.arange(24, dtype="float32").reshape(4, 6)
    yield from (x.T, x[::-1], x[::2, ::-2], x[1:3, 2:], np.broadcast_to(x[0], (3, 6)).copy()[:, 1:])
    yield from (np.zeros((0, 3), "float32"), np.array(5, "float32"))


def there_and_back(form):
    for array in arrays():
        buffer = Buffer(array, form)
        back = np.from_dlpack(Lent(buffer.tensor, form))
        assert back.dtype == array.dtype and back.shape == array.shape
        assert np.array_equal(back, array), (back, array)
        assert array.size == 0 or back.ctypes.data == array.ctypes.data
        buffer.close()
        del back


def test_there_and_back():
    there_and_back(PLAIN)


def needs_versions():
    try:
        np.zeros(1).__dlpack__(max_version=(1, 0))
    except TypeError:
        raise Skip(f"numpy {np.__version__} knows unversioned tensors only") from None


def test_there_and_back_versioned():
    needs_versions()
    there_and_back(VERSIONED)


def test_bool():
    array = np.array([True, False, True])
    try:
        buffer = Buffer(array)
    except (BufferError, RuntimeError, TypeError) as reason:
        raise Skip(f"numpy {np.__version__}: {reason}") from None
    assert np.array_equal(np.from_dlpack(Lent(buffer.tensor)), array)
    buffer.close()


def test_read_only():
    needs_versions()
    array = np.arange(4, dtype="float32")
    array.flags.writeable = False
    buffer = Buffer(array, VERSIONED)
    assert vane.vane_neg(context, ctypes.byref(buffer.tensor), ctypes.byref(buffer.tensor)) != 0
    assert "read-only" in message()
    assert not np.from_dlpack(Lent(buffer.tensor, VERSIONED)).flags.writeable
    buffer.close()


def test_an_op_on_both_sides():
    a, b = np.arange(6, dtype="float32"), np.full(6, 10, "float32")
    x, y = Buffer(a), Buffer(b)
    good(vane.vane_add(context, ctypes.byref(x.tensor), ctypes.byref(y.tensor), ctypes.byref(y.tensor)))
    y.close()
    assert b.tolist() == [10, 11, 12, 13, 14, 15]
    x.close()


def test_the_array_lives_as_long_as_somebody_holds_it():
    class Own(np.ndarray):
        pass
    array = np.arange(6, dtype="float32").view(Own)
    alive = weakref.ref(array)
    buffer = Buffer(array)
    del array
    gc.collect()
    assert alive() is not None
    back = np.from_dlpack(Lent(buffer.tensor))
    buffer.close()
    gc.collect()
    assert alive() is not None and back.tolist() == [0, 1, 2, 3, 4, 5]
    del back
    gc.collect()
    assert alive() is None


def test_what_vane_has_not():
    for array, words in ((np.zeros(3, "uint16"), "dtype is uint16"), (np.zeros(3, "complex64"), "complex64"),
                         (np.zeros((1,) * 9, "float32"), "ndim is 9")):
        try:
            Buffer(array)
        except ValueError as reason:
            assert words in str(reason), reason
        else:
            raise AssertionError(f"{words} was accepted")


def test_lent_after_the_context_is_closed():
    global context
    other, context = context, ctypes.c_void_p()
    good(vane.vane_open(None, ctypes.byref(context)))
    handle, tensor = ctypes.c_uint64(), Tensor(dtype=0, rank=1)
    good(vane.vane_buffer_open(context, ctypes.c_uint64(16), b"lent", ctypes.byref(handle)))
    good(vane.vane_buffer_write(context, handle, ctypes.c_uint64(0), np.arange(4, dtype="float32").tobytes(),
                                ctypes.c_uint64(16)))
    tensor.shape[0], tensor.stride[0], tensor.buffer = 4, 1, handle.value
    back = np.from_dlpack(Lent(tensor))
    good(vane.vane_buffer_close(context, handle))
    vane.vane_close(context)
    context = other
    assert back.tolist() == [0, 1, 2, 3]


def main():
    passed = failed = skipped = 0
    good(vane.vane_open(None, ctypes.byref(context)))
    for name, function in [(n, f) for n, f in globals().items() if n.startswith("test_")]:
        try:
            function()
            passed += 1
        except Skip as reason:
            skipped += 1
            print(f"skipped: {name}: {reason}")
        except Exception:
            failed += 1
            print(f"FAILED: {name}")
            traceback.print_exc(file=sys.stdout)
    vane.vane_close(context)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
