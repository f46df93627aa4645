# SPDX-License-Identifier: MIT
"""known_casts.py - every dtype to every dtype, and what only moves: copy, transpose, concat,
where, fill."""

from fractions import Fraction
import math

from known_exact import float_pool, int_pool, is_nan, negate, number, rounded
from known_write import (
    FLOATS,
    INF,
    INTS,
    NAN,
    NZERO,
    Tensor,
    bits_of,
    float_bits,
    float_value,
    limits,
    tensor,
    wrap,
)

F = Fraction


def cast_value(v, to):
    """v: int, Fraction, NZERO or a float that is not finite"""
    if to == "bool":
        return is_nan(v) or number(v) != 0
    if to in FLOATS:
        return F(v) if isinstance(v, int) else v
    if isinstance(v, int):
        return wrap(v, to)
    lo, hi = limits(to)
    if is_nan(v):
        return 0
    return int(min(max(number(v), lo), hi))


def cast_pool(dtype):
    if dtype == "bool":
        return [0, 1]
    if dtype in INTS:
        lo, hi = limits(dtype)
        ties = [(1 << k) + d for k in (8, 9, 11, 12, 24, 25, 53, 54, 62) for d in (0, 1, 2, 3)]
        ties += [(1 << 62) + (1 << 38) + d for d in (-1, 0, 1)] + [
            (1 << 60) + (1 << 49) + 1,
            (1 << 60) + (1 << 52) + 1,
        ]
        ties += [65504, 65519, 65520, 65521, 70000]
        return int_pool(dtype) + [v for t in ties for v in (t, -t) if lo <= v <= hi]
    pool = float_pool(dtype)
    extra = [
        0.5,
        0.99,
        1.5,
        2.5,
        127.5,
        128,
        129,
        255,
        255.9,
        256,
        300,
        2.0**31,
        2.0**31 - 1,
        2.0**63,
        1e19,
        1e30,
    ]
    # ties and near ties of f16, bf16 and f32, and the edge of each one's infinity
    for q in (11, 8, 24):
        extra += [1 + 2.0**-q, 1 + 3 * 2.0**-q, 1 + 2.0**-q + 2.0**-50, 1 + 2.0**-q - 2.0**-50]
    extra += [
        65519.9,
        65520,
        2.0**-25,
        2.0**-25 * 1.01,
        3 * 2.0**-25,
        2.0**-14 - 2.0**-26,
        2.0**-134,
        2.0**-133,
        3 * 2.0**-134,
        2.0**128 - 2.0**119,
        2.0**128 - 2.0**103,
        2.0**-150,
        1e-46,
    ]
    values = []
    for e in extra:
        try:
            v = float_value(float_bits(F(e), dtype), dtype)
        except OverflowError:
            continue
        values += [v, negate(v)]
    return pool + values


def add_cast(writer):
    every = list(FLOATS) + list(INTS) + ["bool"]
    for source in every:
        pool = cast_pool(source)
        x = tensor(source, pool)
        if source == "bool":
            x = Tensor("bool", (4,), [0, 1, 2, 255])
            pool = [0, 1, 1, 1]
        for to in every:
            values = [cast_value(v, to) for v in pool]
            bits = [rounded(v, to) if to in FLOATS else bits_of(v, to) for v in values]
            writer.case(
                "exact", f"cast_{source}_{to}", "cast", [x], Tensor(to, x.shape, bits), sign=True
            )


def add_bf16_library(writer):
    """bf16 by ml_dtypes: another opinion on rounding, over patterns taken at random."""
    import ml_dtypes
    import numpy as np

    rng = np.random.default_rng(5)
    x = rng.integers(0, 1 << 32, 200, dtype=np.uint32)
    x[:50] = (x[:50] & 0xFFFF0000) | 0x8000  # ties
    y = x.view(np.float32).astype(ml_dtypes.bfloat16).view(np.uint16)
    shape = (len(x),)
    writer.case(
        "exact",
        "ml_dtypes_cast_f32_bf16",
        "cast",
        [Tensor("f32", shape, map(int, x))],
        Tensor("bf16", shape, map(int, y)),
    )
    h = x.view(np.float32).astype(np.float16).view(np.uint16)
    writer.case(
        "exact",
        "numpy_cast_f32_f16",
        "cast",
        [Tensor("f32", shape, map(int, x))],
        Tensor("f16", shape, map(int, h)),
    )
    a, b = (rng.standard_normal(100).astype(ml_dtypes.bfloat16) for _ in range(2))
    bits = [[int(v) for v in t.view(np.uint16)] for t in (a, b, a + b, a * b, a / b)]
    for op, out in zip(("add", "mul", "div"), bits[2:]):
        writer.case(
            "exact",
            f"ml_dtypes_{op}_bf16",
            op,
            [Tensor("bf16", (100,), t) for t in bits[:2]],
            Tensor("bf16", (100,), out),
        )


def nan_bits(dtype):
    """Quiet NaNs with payloads and signs, and an ordinary value between them."""
    p, _, width = FLOATS[dtype]
    quiet = ((1 << (width - p + 1)) - 1) << (p - 2)
    return [
        quiet | 1,
        1 << (width - 1) | quiet | 5,
        float_bits(1, dtype),
        float_bits(NZERO, dtype),
        1,
        quiet,
    ]


def add_moves(writer):
    for dtype in list(FLOATS) + list(INTS) + ["bool"]:
        bits = (
            nan_bits(dtype)
            if dtype in FLOATS
            else (
                [0, 1, 1, 0, 1, 0]
                if dtype == "bool"
                else [bits_of(v, dtype) for v in (limits(dtype)[0], limits(dtype)[1], 0, 1, 2, 77)]
            )
        )
        x = Tensor(dtype, (2, 3), bits)
        turned = Tensor(dtype, (3, 2), [bits[i] for i in (0, 3, 1, 4, 2, 5)])
        writer.case("exact", f"copy_{dtype}", "copy", [x], x, bits=True)
        writer.case("exact", f"transpose_{dtype}", "transpose", [x], turned, bits=True)
        both = Tensor(dtype, (2, 6), bits[:3] + bits[:3] + bits[3:] + bits[3:])
        writer.case("exact", f"concat_{dtype}", "concat", [x, x], both, {"axis": 1}, bits=True)
        condition = Tensor("bool", (2, 3), [0, 1, 2, 255, 0, 0])
        other = Tensor(dtype, (2, 3), bits[::-1])
        out = Tensor(
            dtype, (2, 3), [a if c else b for c, a, b in zip(condition.bits, bits, bits[::-1])]
        )
        writer.case("exact", f"where_{dtype}", "where", [condition, x, other], out, bits=True)
        values = (
            [0.1, -1e-7, 1e30, INF, NAN]
            if dtype in FLOATS
            else [0, 1] if dtype == "bool" else [*limits(dtype)]
        )
        for v in values + [1]:
            if dtype == "i64" and v == limits(dtype)[1]:
                v = 2**53 + 2  # 2^63 - 1 is not a double
            want = (
                bits_of(v, dtype)
                if dtype not in FLOATS
                else rounded(v if not math.isfinite(v) else F(v), dtype)
            )
            out = Tensor(dtype, (3, 2), [want] * 6)
            writer.case("exact", f"fill_{v}_{dtype}", "fill", [], out, {"value": repr(float(v))})


def add(writer):
    add_cast(writer)
    add_bf16_library(writer)
    add_moves(writer)
