# SPDX-License-Identifier: MIT
"""known_transcendental.py - functions worked out by mpmath to 400 bits, rounded once."""

from fractions import Fraction
import math
import random

from mpmath import mp, mpf

from known_write import FLOATS, INF, NAN, NZERO, float_bits, float_value, tensor

mp.prec = 400


def to_mp(v):
    return mpf(v.numerator) / v.denominator


def to_fraction(x):
    """Exactly, but not beyond what rounds to zero or infinity in every dtype anyway."""
    if x == 0:
        return Fraction(0)
    if abs(mp.log(abs(x), 2)) > 5000:
        return math.copysign(INF, x) if abs(x) > 1 else Fraction(int(mp.sign(x)), 2**5000)
    sign, man, exp, _ = x._mpf_
    return (-1) ** sign * Fraction(int(man)) * Fraction(2) ** exp


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def gelu(x):
    if abs(x) > 1000:  # mpmath's erfc gives up somewhere; every dtype did before
        return x if x > 0 else -mpf(2) ** -6000
    return x / 2 * mp.erfc(-x / mp.sqrt(2))


def gelu_tanh(x):
    z = mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)
    return x * sigmoid(2 * z)


# name: (op, params, function, value at -inf, at +inf, at -0, domain starts at)
FUNCTIONS = {
    "sqrt": ("sqrt", {}, mp.sqrt, NAN, INF, NZERO, 0),
    "exp": ("exp", {}, mp.exp, Fraction(0), INF, Fraction(1), None),
    "log": ("log", {}, mp.log, NAN, INF, -INF, 0),
    "tanh": ("tanh", {}, mp.tanh, Fraction(-1), Fraction(1), NZERO, None),
    "sigmoid": ("sigmoid", {}, sigmoid, Fraction(0), Fraction(1), Fraction(1, 2), None),
    "gelu": ("gelu", {}, gelu, NAN, INF, NZERO, None),
    "gelu_tanh": ("gelu", {"tanh": 1}, gelu_tanh, NAN, INF, NZERO, None),
}


def points(dtype):
    """Bits: every kind of number, the edges of every function, and a spread."""
    p, least, width = FLOATS[dtype]
    top = 1 - least  # exponent of the largest number
    edges = [Fraction(1, 2), 1, Fraction(3, 2), 2, Fraction(2, 3), 3, 10, Fraction(1, 1000)]
    ln2 = Fraction(math.log(2))
    edges += [(top + 1) * ln2, (least - p + 1) * ln2, (least - p) * ln2, least * ln2, p * ln2]
    edges += [
        (p + 1) * ln2 / 2,
        Fraction(2) ** (-p // 2),
        Fraction(2) ** -p,
        Fraction(2) ** (least - p + 1),
    ]
    edges += [Fraction(2) ** least, Fraction(2) ** least - Fraction(2) ** (least - p + 1)]
    edges += [Fraction(2) ** (top + 1) - Fraction(2) ** (top - p + 1)]
    bits = []
    for e in edges:
        b = float_bits(e, dtype)
        bits += [b, b + 1, b - 1] if 0 < b and 1.0e-3 < e < 1.0e5 else [b]
    rng = random.Random(dtype)
    bits += [
        float_bits(Fraction(rng.uniform(0, 10) ** rng.choice([1, 1, 3, -3])), dtype)
        for _ in range(14)
    ]
    bits += [b | 1 << (width - 1) for b in bits]
    return bits + [float_bits(v, dtype) for v in (Fraction(0), NZERO, INF, -INF, NAN)]


def value_at(bits, dtype, function):
    _, _, f, low, high, negative_zero, start = function
    v = float_value(bits, dtype)
    if v is NZERO:
        return negative_zero
    if isinstance(v, float):
        return NAN if math.isnan(v) else high if v > 0 else low
    if start == 0 and v < 0:
        return NAN
    if f is mp.log and v == 0:
        return -INF
    result = to_fraction(f(to_mp(v)))
    if v < 0 and result == 0:
        return NZERO
    tiny = float_bits(result, dtype) == 0 if not isinstance(result, float) else False
    return NZERO if tiny and result < 0 else result


def add_unary(writer):
    for name, function in FUNCTIONS.items():
        for dtype in FLOATS:
            bits = points(dtype)
            x = tensor(dtype, [float_value(b, dtype) for b in bits])
            y = tensor(dtype, [value_at(b, dtype, function) for b in bits])
            exact = name == "sqrt"
            writer.case(
                "exact",
                f"{name}_{dtype}",
                function[0],
                [x],
                y,
                function[1],
                0 if exact else 1,
                sign=exact,
            )


def special_pow(x, y):
    """C's rules, as Python's math.pow has them, with the errors it raises as values."""
    try:
        return math.pow(x, y)
    except ValueError:  # a negative base and a fraction, or zero and a negative exponent
        if x != 0:
            return NAN
        odd = y == int(y) and int(y) % 2 == 1 if math.isfinite(y) else False
        return math.copysign(INF, x) if odd else INF


def pow_value(a, b):
    plain = [0.0 if v == 0 else v for v in (a, b) if v is not NZERO]
    if a is NZERO or b is NZERO or a == 0 or not all(map(math.isfinite, plain)):
        r = special_pow(*(-0.0 if v is NZERO else float(v) for v in (a, b)))
        return r if r != 0 or math.copysign(1, r) > 0 else NZERO
    if a < 0 and b.denominator != 1:
        return NAN
    if abs(a) == 1 or b == 0:
        return Fraction(-1 if a < 0 and b % 2 else 1)
    size = mp.exp(mp.log(to_mp(abs(a))) * to_mp(b))
    r = to_fraction(size)
    return -r if a < 0 and b % 2 else r


def add_pow(writer):
    rng = random.Random(7)
    special = [Fraction(0), NZERO, INF, -INF, NAN] + [
        Fraction(k, 2) for k in (-6, -2, -1, 1, 2, 3, 4, 6)
    ]
    for dtype in FLOATS:
        pairs = [(a, b) for a in special for b in special]
        for _ in range(20):
            a = float_value(float_bits(Fraction(rng.uniform(0.1, 20)), dtype), dtype)
            pairs.append((a, float_value(float_bits(Fraction(rng.uniform(-9, 9)), dtype), dtype)))
        near_one = float_value(float_bits(1, dtype) + 1, dtype)
        most = float_value(float_bits(INF, dtype) - 1, dtype)
        pairs += [
            (near_one, Fraction(2) ** (FLOATS[dtype][0] - 1)),
            (most, 1),
            (most, Fraction(1, 2)),
            (most, 2),
        ]
        a, b = (tensor(dtype, [p[i] for p in pairs]) for i in (0, 1))
        out = tensor(
            dtype,
            [
                pow_value(
                    Fraction(x) if isinstance(x, int) else x,
                    Fraction(y) if isinstance(y, int) else y,
                )
                for x, y in pairs
            ],
        )
        writer.case("exact", f"pow_{dtype}", "pow", [a, b], out, ulps=1)


def softmax_row(row):
    if any(isinstance(v, float) and (math.isnan(v) or v > 0) for v in row):
        return [NAN] * len(row)
    finite = [v for v in row if not isinstance(v, float)]
    if not finite:
        return [NAN] * len(row)
    terms = [mpf(0) if isinstance(v, float) else mp.exp(to_mp(v - max(finite))) for v in row]
    total = mp.fsum(terms)
    return [to_fraction(t / total) for t in terms]


def add_softmax(writer):
    rng = random.Random(3)
    for dtype in FLOATS:
        big = 3 * Fraction(2) ** (2 - FLOATS[dtype][1]) / 16
        rows = [[Fraction(rng.randint(-4000, 4000), 256) for _ in range(5)] for _ in range(6)]
        rows += [
            [Fraction(1)] * 5,
            [big, big, -big, big, Fraction(0)],
            [-INF, Fraction(1), -INF, Fraction(2), -INF],
        ]
        rows += [
            [-INF] * 5,
            [NAN, Fraction(1), Fraction(2), Fraction(3), Fraction(4)],
            [INF] + [Fraction(0)] * 4,
        ]
        rows = [[float_value(float_bits(v, dtype), dtype) for v in row] for row in rows]
        x = tensor(dtype, [v for row in rows for v in row], (len(rows), 5))
        y = tensor(dtype, [v for row in rows for v in softmax_row(row)], (len(rows), 5))
        writer.case("exact", f"softmax_{dtype}", "softmax", [x], y, ulps=1)


def add(writer):
    add_unary(writer)
    add_pow(writer)
    add_softmax(writer)
