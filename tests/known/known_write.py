# SPDX-License-Identifier: MIT
"""known_write.py - numbers as the bits of a Vane dtype, and the text form of a case.

Rounding is done here on exact fractions, so that no library's rounding is trusted.
"""

from fractions import Fraction
import math

# mantissa bits (with the leading one), exponent of the smallest normal, width in bits
FLOATS = {
    "f32": (24, -126, 32),
    "f64": (53, -1022, 64),
    "f16": (11, -14, 16),
    "bf16": (8, -126, 16),
}
INTS = {"i32": (32, True), "i64": (64, True), "u8": (8, False), "i8": (8, True)}
INF, NAN = math.inf, math.nan


class NegativeZero:
    """What a Fraction cannot say."""


NZERO = NegativeZero()


def wrap(v, dtype):
    bits, signed = INTS[dtype]
    v &= (1 << bits) - 1
    return v - (1 << bits) if signed and v >> (bits - 1) else v


def limits(dtype):
    bits, signed = INTS[dtype]
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def float_bits(v, dtype):
    """The bits of v (Fraction, int, float, NZERO) rounded once, to nearest even."""
    p, least, width = FLOATS[dtype]
    sign, infinity = 1 << (width - 1), ((1 << (width - p)) - 1) << (p - 1)
    if v is NZERO:
        return sign
    if isinstance(v, float):
        if math.isnan(v):
            return infinity | 1 << (p - 2)
        if v == 0:
            return sign if math.copysign(1, v) < 0 else 0
        if math.isinf(v):
            return infinity | (sign if v < 0 else 0)
    v = Fraction(v)
    if v == 0:
        return 0
    a, s = abs(v), sign if v < 0 else 0
    e = a.numerator.bit_length() - a.denominator.bit_length()
    e -= a < Fraction(2) ** e
    e = max(e, least)
    steps = round(a / Fraction(2) ** (e - p + 1))  # Python rounds halves to even
    return s | min(((e - least) << (p - 1)) + steps, infinity)


def float_value(bits, dtype):
    """The exact value: a Fraction, or a float for what is not finite, or NZERO."""
    p, least, width = FLOATS[dtype]
    s, rest = bits >> (width - 1), bits & ((1 << (width - 1)) - 1)
    e, m = rest >> (p - 1), rest & ((1 << (p - 1)) - 1)
    if e == (1 << (width - p)) - 1:
        return NAN if m else (-INF if s else INF)
    if e == 0 and m == 0:
        return NZERO if s else Fraction(0)
    v = Fraction(m + ((1 << (p - 1)) if e else 0)) * Fraction(2) ** (max(e, 1) + least - p)
    return -v if s else v


def bits_of(v, dtype):
    """Storage bits of any value in any dtype; integers must fit."""
    if dtype in FLOATS:
        return float_bits(v, dtype)
    if dtype == "bool":
        return int(v)
    lo, hi = limits(dtype)
    assert lo <= v <= hi, (v, dtype)
    return int(v) & ((1 << INTS[dtype][0]) - 1)


WIDTH = {"f32": 8, "f64": 16, "f16": 4, "bf16": 4, "i32": 8, "i64": 16, "u8": 2, "i8": 2, "bool": 2}


class Tensor:
    """dtype, shape, and the elements as storage bits in row-major order."""

    def __init__(self, dtype, shape, bits):
        self.dtype, self.shape, self.bits = dtype, tuple(shape), list(bits)
        assert len(self.bits) == math.prod(shape), (dtype, shape, len(self.bits))

    def text(self):
        shape = "x".join(map(str, self.shape)) or "scalar"
        words, i = [], 0
        while i < len(self.bits):  # runs of equal elements: bits*count
            j = i
            while j < len(self.bits) and self.bits[j] == self.bits[i]:
                j += 1
            word = f"{self.bits[i]:x}"
            words += [f"{word}*{j - i}"] if j - i > 2 else [word] * (j - i)
            i = j
        return " ".join([self.dtype, shape] + words)


def tensor(dtype, values, shape=None):
    values = list(values)
    return Tensor(
        dtype, (len(values),) if shape is None else shape, [bits_of(v, dtype) for v in values]
    )


class Writer:
    def __init__(self):
        self.lines, self.count, self.skipped, self.given = [], {}, [], None

    def case(
        self, source, name, op, inputs, out, params=None, ulps=0, near=0.0, bits=False, sign=False
    ):
        """near: an absolute distance that passes too. bits: the output's bits must be equal,
        NaN as well. sign: so must the signs of zeros."""
        flags = (" bits" if bits else "") + (" sign" if sign else "")
        tolerance = (f" ulps={ulps}" if ulps else "") + (f" near={near!r}" if near else "")
        self.lines.append(f"case {source}/{name} {op}{tolerance}{flags}")
        if params:
            self.lines.append("param " + " ".join(f"{k}={v}" for k, v in params.items()))
        given = ["in " + t.text() for t in inputs]
        self.lines += ["same"] if given and given == self.given else given
        self.lines.append("out " + out.text())
        self.given = given
        self.count[source] = self.count.get(source, 0) + 1

    def skip(self, name, reason):
        self.skipped.append((name, reason))
