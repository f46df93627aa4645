# SPDX-License-Identifier: MIT
"""known_exact.py - arithmetic, comparisons, casts and moves, by fractions and integers."""
from fractions import Fraction
import math

import known_sums
import known_transcendental
from known_write import (FLOATS, INF, INTS, NAN, NZERO, Tensor, bits_of, float_bits, float_value,
                         limits, tensor, wrap)

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
    return sorted({lo, lo + 1, hi, hi - 1, 0, 1, 2, 3, 7, hi // 2, hi // 2 + 1} | ({-1, -2, -3} if lo else set()))


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


FLOAT_BINARY = {"add": add_floats, "sub": lambda a, b: add_floats(a, negate(b) if not is_nan(b) else b),
                "mul": multiply, "div": divide, "max": pick(lambda a, b: a >= b), "min": pick(lambda a, b: a <= b)}
INT_BINARY = {"add": int.__add__, "sub": int.__sub__, "mul": int.__mul__, "div": truncated, "max": max, "min": min}
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
            writer.case("exact", f"{op}_{dtype}", op, [x, y], tensor("bool", [f(a, b) for a, b in pairs]))
    bytes_a, bytes_b = Tensor("bool", (6,), [0, 0, 1, 1, 2, 255]), Tensor("bool", (6,), [0, 1, 1, 0, 1, 0])
    writer.case("exact", "equal_bool", "equal", [bytes_a, bytes_b], tensor("bool", [1, 0, 1, 0, 1, 0]))


def add_unary(writer):
    for dtype in FLOATS:
        pool = float_pool(dtype)
        x = tensor(dtype, pool)
        ops = {"abs": [abs(number(v)) if not is_nan(v) else v for v in pool],
               "neg": [v if is_nan(v) else negate(v) for v in pool],
               "relu": [v if is_nan(v) or number(v) >= 0 else F(0) for v in pool]}
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
        ties += [(1 << 62) + (1 << 38) + d for d in (-1, 0, 1)] + [(1 << 60) + (1 << 49) + 1, (1 << 60) + (1 << 52) + 1]
        ties += [65504, 65519, 65520, 65521, 70000]
        return int_pool(dtype) + [v for t in ties for v in (t, -t) if lo <= v <= hi]
    pool = float_pool(dtype)
    extra = [0.5, 0.99, 1.5, 2.5, 127.5, 128, 129, 255, 255.9, 256, 300, 2.0 ** 31, 2.0 ** 31 - 1, 2.0 ** 63, 1e19, 1e30]
    # ties and near ties of f16, bf16 and f32, and the edge of each one's infinity
    for q in (11, 8, 24):
        extra += [1 + 2.0 ** -q, 1 + 3 * 2.0 ** -q, 1 + 2.0 ** -q + 2.0 ** -50, 1 + 2.0 ** -q - 2.0 ** -50]
    extra += [65519.9, 65520, 2.0 ** -25, 2.0 ** -25 * 1.01, 3 * 2.0 ** -25, 2.0 ** -14 - 2.0 ** -26, 2.0 ** -134,
              2.0 ** -133, 3 * 2.0 ** -134, 2.0 ** 128 - 2.0 ** 119, 2.0 ** 128 - 2.0 ** 103, 2.0 ** -150, 1e-46]
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
            writer.case("exact", f"cast_{source}_{to}", "cast", [x], Tensor(to, x.shape, bits), sign=True)


def add_bf16_library(writer):
    """bf16 by ml_dtypes: another opinion on rounding, over patterns taken at random."""
    import ml_dtypes
    import numpy as np
    rng = np.random.default_rng(5)
    x = rng.integers(0, 1 << 32, 200, dtype=np.uint32)
    x[:50] = (x[:50] & 0xffff0000) | 0x8000  # ties
    y = x.view(np.float32).astype(ml_dtypes.bfloat16).view(np.uint16)
    shape = (len(x),)
    writer.case("exact", "ml_dtypes_cast_f32_bf16", "cast", [Tensor("f32", shape, map(int, x))],
                Tensor("bf16", shape, map(int, y)))
    h = x.view(np.float32).astype(np.float16).view(np.uint16)
    writer.case("exact", "numpy_cast_f32_f16", "cast", [Tensor("f32", shape, map(int, x))],
                Tensor("f16", shape, map(int, h)))
    a, b = (rng.standard_normal(100).astype(ml_dtypes.bfloat16) for _ in range(2))
    bits = [[int(v) for v in t.view(np.uint16)] for t in (a, b, a + b, a * b, a / b)]
    for op, out in zip(("add", "mul", "div"), bits[2:]):
        writer.case("exact", f"ml_dtypes_{op}_bf16", op, [Tensor("bf16", (100,), t) for t in bits[:2]],
                    Tensor("bf16", (100,), out))


def nan_bits(dtype):
    """Quiet NaNs with payloads and signs, and an ordinary value between them."""
    p, _, width = FLOATS[dtype]
    quiet = ((1 << (width - p + 1)) - 1) << (p - 2)
    return [quiet | 1, 1 << (width - 1) | quiet | 5, float_bits(1, dtype), float_bits(NZERO, dtype), 1, quiet]


def add_moves(writer):
    for dtype in list(FLOATS) + list(INTS) + ["bool"]:
        bits = nan_bits(dtype) if dtype in FLOATS else [0, 1, 1, 0, 1, 0] if dtype == "bool" \
            else [bits_of(v, dtype) for v in (limits(dtype)[0], limits(dtype)[1], 0, 1, 2, 77)]
        x = Tensor(dtype, (2, 3), bits)
        turned = Tensor(dtype, (3, 2), [bits[i] for i in (0, 3, 1, 4, 2, 5)])
        writer.case("exact", f"copy_{dtype}", "copy", [x], x, bits=True)
        writer.case("exact", f"transpose_{dtype}", "transpose", [x], turned, bits=True)
        both = Tensor(dtype, (2, 6), bits[:3] + bits[:3] + bits[3:] + bits[3:])
        writer.case("exact", f"concat_{dtype}", "concat", [x, x], both, {"axis": 1}, bits=True)
        condition = Tensor("bool", (2, 3), [0, 1, 2, 255, 0, 0])
        other = Tensor(dtype, (2, 3), bits[::-1])
        out = Tensor(dtype, (2, 3), [a if c else b for c, a, b in zip(condition.bits, bits, bits[::-1])])
        writer.case("exact", f"where_{dtype}", "where", [condition, x, other], out, bits=True)
        values = [0.1, -1e-7, 1e30, INF, NAN] if dtype in FLOATS else [0, 1] if dtype == "bool" else [*limits(dtype)]
        for v in values + [1]:
            if dtype == "i64" and v == limits(dtype)[1]:
                v = 2 ** 53 + 2  # 2^63 - 1 is not a double
            want = bits_of(v, dtype) if dtype not in FLOATS else rounded(v if not math.isfinite(v) else F(v), dtype)
            out = Tensor(dtype, (3, 2), [want] * 6)
            writer.case("exact", f"fill_{v}_{dtype}", "fill", [], out, {"value": repr(float(v))})


def add(writer):
    add_unary(writer)
    add_binary(writer)
    add_cast(writer)
    add_bf16_library(writer)
    add_moves(writer)
    known_transcendental.add(writer)
    known_sums.add(writer)
