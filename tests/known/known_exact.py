# SPDX-License-Identifier: MIT
"""known_exact.py - elementwise arithmetic and comparisons, by fractions and integers."""

from fractions import Fraction
import math

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


def finite(v):
    return v is NZERO or isinstance(v, Fraction)


def number(v):
    """A Python float for what is not finite, else a Fraction."""
    return F(0) if v is NZERO else v


def negative(v):
    return v is NZERO or v < 0


def float_pool(dtype):
    p, least, _ = FLOATS[dtype]
    tiny, top = F(2) ** (least - p + 1), F(2) ** (2 - least) - F(2) ** (1 - least - p + 1)
    pool = [F(0), F(1), F(1) + F(2) ** (1 - p), F(2) ** p - 1, tiny, F(2) ** least, top, INF]
    pool += [float_value(float_bits(F(v), dtype), dtype) for v in (0.1,)]
    return pool + [NZERO if v == 0 else -v for v in pool] + [NAN]


def int_pool(dtype):
    lo, hi = limits(dtype)
    return sorted(
        {lo, lo + 1, hi, hi - 1, 0, 1, 2, 3, 7, hi // 2, hi // 2 + 1}
        | ({-1, -2, -3} if lo else set())
    )


def zero(minus):
    return NZERO if minus else F(0)


def add_floats(a, b):
    if not (finite(a) and finite(b)):
        return float(number(a) if not finite(a) else 0) + float(number(b) if not finite(b) else 0)
    r = number(a) + number(b)
    return r if r else zero(a is NZERO and b is NZERO)


def negate(a):
    return zero(a is not NZERO) if number(a) == 0 else -a


def sign_of(*values):
    return sum(negative(v) for v in values) % 2


def multiply(a, b):
    if any(isinstance(v, float) and math.isnan(v) for v in (a, b)):
        return NAN
    if finite(a) and finite(b):
        return number(a) * number(b) or zero(sign_of(a, b))
    return NAN if number(a) == 0 or number(b) == 0 else (-INF if sign_of(a, b) else INF)


def divide(a, b):
    if any(isinstance(v, float) and math.isnan(v) for v in (a, b)):
        return NAN
    if not finite(b):
        return zero(sign_of(a, b)) if finite(a) else NAN
    if not finite(a) or number(b) == 0:
        return NAN if number(a) == 0 else (-INF if sign_of(a, b) else INF)
    return number(a) / number(b) or zero(sign_of(a, b))


def rounded(v, dtype):
    """bits, with the sign that rounding to zero keeps"""
    bits = bits_of(v, dtype)
    return bits | (1 << (FLOATS[dtype][2] - 1)) if bits == 0 and v is not NZERO and v < 0 else bits


def is_nan(v):
    return isinstance(v, float) and math.isnan(v)


def pick(better):
    return lambda a, b: NAN if is_nan(a) or is_nan(b) else a if better(number(a), number(b)) else b


def truncated(a, b):
    if b == 0:
        return 0
    return abs(a) // abs(b) * (-1 if (a < 0) != (b < 0) else 1)


def int_pow(a, b):
    if b < 0:
        return {1: 1, -1: -1 if b % 2 else 1}.get(a, 0)
    return pow(a, b, 1 << 64)


FLOAT_BINARY = {
    "add": add_floats,
    "sub": lambda a, b: add_floats(a, negate(b) if not is_nan(b) else b),
    "mul": multiply,
    "div": divide,
    "max": pick(lambda a, b: a >= b),
    "min": pick(lambda a, b: a <= b),
}
INT_BINARY = {
    "add": int.__add__,
    "sub": int.__sub__,
    "mul": int.__mul__,
    "div": truncated,
    "max": max,
    "min": min,
}
COMPARE = {"equal": lambda a, b: a == b, "less": lambda a, b: a < b, "greater": lambda a, b: a > b}


def add_binary(writer):
    for dtype in FLOATS:
        pairs = [(a, b) for a in float_pool(dtype) for b in float_pool(dtype)]
        x, y = (tensor(dtype, [p[i] for p in pairs]) for i in (0, 1))
        for op, f in FLOAT_BINARY.items():
            out = Tensor(dtype, x.shape, [rounded(f(a, b), dtype) for a, b in pairs])
            writer.case("exact", f"{op}_{dtype}", op, [x, y], out, sign=op not in ("max", "min"))
        for op, f in COMPARE.items():
            out = tensor("bool", [f(number(a), number(b)) for a, b in pairs])
            writer.case("exact", f"{op}_{dtype}", op, [x, y], out)
    for dtype in INTS:
        pairs = [(a, b) for a in int_pool(dtype) for b in int_pool(dtype)]
        x, y = (tensor(dtype, [p[i] for p in pairs]) for i in (0, 1))
        ops = {**INT_BINARY, **({"pow": int_pow} if dtype in ("i32", "i64") else {})}
        for op, f in ops.items():
            out = tensor(dtype, [wrap(f(a, b), dtype) for a, b in pairs])
            writer.case("exact", f"{op}_{dtype}", op, [x, y], out)
        for op, f in COMPARE.items():
            writer.case(
                "exact", f"{op}_{dtype}", op, [x, y], tensor("bool", [f(a, b) for a, b in pairs])
            )
    bytes_a, bytes_b = Tensor("bool", (6,), [0, 0, 1, 1, 2, 255]), Tensor(
        "bool", (6,), [0, 1, 1, 0, 1, 0]
    )
    writer.case(
        "exact", "equal_bool", "equal", [bytes_a, bytes_b], tensor("bool", [1, 0, 1, 0, 1, 0])
    )


def add_unary(writer):
    for dtype in FLOATS:
        pool = float_pool(dtype)
        x = tensor(dtype, pool)
        ops = {
            "abs": [abs(number(v)) if not is_nan(v) else v for v in pool],
            "neg": [v if is_nan(v) else negate(v) for v in pool],
            "relu": [v if is_nan(v) or number(v) >= 0 else F(0) for v in pool],
        }
        for op, out in ops.items():
            writer.case("exact", f"{op}_{dtype}", op, [x], tensor(dtype, out), sign=op != "relu")
        for lo, hi in ((-1.0, 0.5), (2.0, -3.0), (-INF, 1.0), (0.25, INF)):
            out = tensor(dtype, [v if is_nan(v) else min(max(number(v), lo), hi) for v in pool])
            writer.case("exact", f"clip_{lo}_{hi}_{dtype}", "clip", [x], out, {"lo": lo, "hi": hi})
    for dtype in INTS:
        pool = int_pool(dtype)
        x, (least, most) = tensor(dtype, pool), limits(dtype)
        ops = {"abs": [wrap(abs(v), dtype) for v in pool]}
        if dtype != "u8":
            ops.update(neg=[wrap(-v, dtype) for v in pool], relu=[max(v, 0) for v in pool])
        for op, out in ops.items():
            writer.case("exact", f"{op}_{dtype}", op, [x], tensor(dtype, out))
        for lo, hi in ((-INF, INF), (-2.0, 2.0), (3.0, -1.0), (-1e30, 1e30)):
            cut = [int(min(max(limit, least), most)) for limit in (lo, hi)]
            out = tensor(dtype, [min(max(v, cut[0]), cut[1]) for v in pool])
            writer.case("exact", f"clip_{lo}_{hi}_{dtype}", "clip", [x], out, {"lo": lo, "hi": hi})


def add(writer):
    add_unary(writer)
    add_binary(writer)
