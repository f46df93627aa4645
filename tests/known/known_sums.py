# SPDX-License-Identifier: MIT
"""known_sums.py - sums of terms and products: fma, axpy, reductions, argmax, dot, matmul,
gemm. Floats by fractions, rounded once at the end; integers by Python's, wrapped at the end.
"""

from fractions import Fraction
import math
import random

from known_write import FLOATS, INF, NAN, float_bits, float_value, limits, tensor, wrap

F = Fraction
WIDE_INTS = ("i32", "i64")


def finish(v, dtype):
    return wrap(v, dtype) if dtype in WIDE_INTS else v


def draw(rng, dtype, scale=1):
    """A number that dtype holds exactly."""
    if dtype in WIDE_INTS:
        return rng.randint(*limits(dtype))
    return float_value(float_bits(F(rng.gauss(0, 1)) * scale, dtype), dtype)


def midpoints(p):
    """Products of two p-bit numbers that lie halfway between two others: an even one below,
    then an odd one below."""
    for rest in (1, 3):
        m = (1 << p) + rest
        while not (f := next((f for f in range(3, 1 << p, 2) if m % f == 0), 0)) or m // f >> p:
            m += 4
        yield F(f), F(m // f)


def close_calls(dtype):
    """a * b + c where all but all cancels, or where c is far too small for a double but breaks
    the tie that a * b is: rounding to double first then goes wrong."""
    if dtype in WIDE_INTS:
        return []
    p, least, _ = FLOATS[dtype]
    one, ulp = F(1), F(2) ** (1 - p)
    triples = [(one + ulp, one + ulp, -(one + 2 * ulp)), (one + ulp, one - ulp / 2, -one)]
    for a, b in midpoints(p) if p < 53 else ():
        for s in (1, -1):
            triples += [(s * a, b, c * F(2) ** max(least, -100)) for c in (1, -1, 0)]
    return triples


def add_fma(writer):
    for dtype in list(FLOATS) + list(WIDE_INTS):
        rng = random.Random(dtype)
        triples = [tuple(draw(rng, dtype) for _ in range(3)) for _ in range(30)] + close_calls(
            dtype
        )
        for i in range(20):  # c near -a * b
            if dtype in FLOATS:
                a, b, _ = triples[i]
                triples.append((a, b, float_value(float_bits(-a * b, dtype), dtype)))
        abc = [tensor(dtype, [t[i] for t in triples]) for i in range(3)]
        out = tensor(dtype, [finish(a * b + c, dtype) for a, b, c in triples])
        writer.case("exact", f"fma_{dtype}", "fma", abc, out)
        for alpha in (0.1, -2.5, 3.0):
            kept = (
                int(alpha)
                if dtype in WIDE_INTS
                else float_value(
                    float_bits(F(alpha), "f64" if dtype == "f64" else "f32"),
                    "f64" if dtype == "f64" else "f32",
                )
            )
            out = tensor(dtype, [finish(kept * a + b, dtype) for a, b, _ in triples])
            writer.case("exact", f"axpy_{alpha}_{dtype}", "axpy", abc[:2], out, {"alpha": alpha})


def trunc_div(a, n):
    return abs(a) // n * (1 if a >= 0 else -1)


def mean(values, dtype):
    if dtype in WIDE_INTS:
        return trunc_div(sum(values), len(values))
    return sum(values) / len(values)


FOLDS = {
    "reduce_sum": lambda v, d: finish(sum(v), d),
    "reduce_mean": mean,
    "reduce_prod": lambda v, d: finish(math.prod(v), d),
    "reduce_max": lambda v, d: max(v),
    "reduce_min": lambda v, d: min(v),
}


def add_reductions(writer):
    for dtype in list(FLOATS) + list(WIDE_INTS):
        rng = random.Random(dtype + "r")
        for op, fold in FOLDS.items():
            x = [draw(rng, dtype) for _ in range(24)]
            if op == "reduce_mean" and dtype == "i64":
                x = [v >> 6 for v in x]  # whose sum does not wrap
            ulps = 1 if dtype == "f64" and op not in ("reduce_max", "reduce_min") else 0
            for axes, keep in (((0,), 1), ((2, -2), 0), ((), 1), ((1,), 0)):
                wanted = {a % 3 for a in axes} or {0, 1, 2}
                groups = {}
                for n, v in enumerate(x):
                    at = (n // 12, n // 4 % 3, n % 4)
                    groups.setdefault(
                        tuple(i for d, i in enumerate(at) if d not in wanted), []
                    ).append(v)
                shape = (
                    [s for d, s in enumerate((2, 3, 4)) if d not in wanted]
                    if not keep
                    else [1 if d in wanted else s for d, s in enumerate((2, 3, 4))]
                )
                p = {
                    **({"axes": ",".join(map(str, axes))} if axes else {}),
                    **({} if keep else {"drop": 1}),
                }
                out = tensor(dtype, [fold(g, dtype) for _, g in sorted(groups.items())], shape)
                writer.case(
                    "exact",
                    f"{op}_{''.join(map(str, axes))}_{dtype}",
                    op,
                    [tensor(dtype, x, (2, 3, 4))],
                    out,
                    p,
                    ulps,
                )


def add_long_sums(writer):
    def one(name, op, dtype, values, want, ulps=0):
        writer.case(
            "exact",
            f"{name}_{dtype}",
            op,
            [tensor(dtype, values)],
            tensor(dtype, [want], (1,)),
            {},
            ulps,
        )

    tenth = {d: float_value(float_bits(F(1, 10), d), d) for d in FLOATS}
    for dtype, n in (("f32", 100000), ("f64", 100000), ("f16", 3000), ("bf16", 5000)):
        one(
            "sum_tenths",
            "reduce_sum",
            dtype,
            [tenth[dtype]] * n,
            tenth[dtype] * n,
            1 if dtype == "f64" else 0,
        )
        one(
            "mean_tenths",
            "reduce_mean",
            dtype,
            [tenth[dtype]] * n,
            tenth[dtype],
            1 if dtype == "f64" else 0,
        )
        ones = n // 10 * 10 + 1
        one("sum_ones", "reduce_sum", dtype, [F(1)] * ones, F(ones))
    one("sum_cancels", "reduce_sum", "f64", [F(1), F(10**22), F(1), F(-(10**22))], F(2))
    one("sum_cancels_far", "reduce_sum", "f64", [F(1), F(2) ** 300, F(1), -F(2) ** 300], F(2))
    one("sum_cancels", "reduce_sum", "f32", [F(1), F(2) ** 40, F(1), -F(2) ** 40], F(2))
    one(
        "sum_overflows_between",
        "reduce_sum",
        "f32",
        [F(2) ** 127] * 3 + [-F(2) ** 127] * 2,
        F(2) ** 127,
    )
    one("sum_overflows_between", "reduce_sum", "f16", [F(60000), F(60000), F(-60000)], F(60000))
    one(
        "prod_overflows_between", "reduce_prod", "f32", [F(2) ** 100] * 2 + [F(2) ** -100] * 2, F(1)
    )
    for dtype in FLOATS:
        one("sum_inf", "reduce_sum", dtype, [F(1), INF, F(2)], INF)
        one("sum_inf_minus_inf", "reduce_sum", dtype, [INF, F(1), -INF], NAN)
        one("sum_nan", "reduce_sum", dtype, [F(1), NAN, INF], NAN)
        for op in ("reduce_max", "reduce_min"):
            one(op + "_nan_first", op, dtype, [NAN, F(1), F(-1)], NAN)
            one(op + "_nan_last", op, dtype, [F(1), F(-1), NAN], NAN)
        one("reduce_max_inf", "reduce_max", dtype, [-INF, F(-3), F(-2)], F(-2))
        one("reduce_min_inf", "reduce_min", dtype, [INF, F(3), F(2)], F(2))


def add_empty(writer):
    for dtype in list(FLOATS) + list(WIDE_INTS) + ["u8", "i8"]:
        real = dtype in FLOATS
        least, most = (-INF, INF) if real else limits(dtype)
        wants = {"reduce_sum": F(0), "reduce_prod": F(1), "reduce_mean": NAN if real else 0}
        if dtype in ("u8", "i8"):
            wants = {}
        for op, want in {**wants, "reduce_max": least, "reduce_min": most}.items():
            want = want if real else int(want)
            writer.case(
                "exact",
                f"{op}_empty_{dtype}",
                op,
                [tensor(dtype, [], (2, 0))],
                tensor(dtype, [want] * 2, (2, 1)),
                {"axes": 1},
            )


def add_argmax(writer):
    def one(name, dtype, values, want, last):
        writer.case(
            "exact",
            f"argmax_{name}_{last}_{dtype}",
            "argmax",
            [tensor(dtype, values)],
            tensor("i64", [want], (1,)),
            {"axis": 0, "last": last},
        )

    for dtype in list(FLOATS) + list(WIDE_INTS) + ["u8", "i8"]:
        to = F if dtype in FLOATS else int
        for last, want in ((0, 1), (1, 3)):
            one("ties", dtype, [to(v) for v in (2, 7, 3, 7, 0)], want, last)
        if dtype in FLOATS:
            for last in (0, 1):
                one("nan", dtype, [F(1), INF, NAN, F(3), NAN], 2, last)
                one("minus_inf", dtype, [-INF, -INF, F(-5)], 2, last)
        else:
            least, most = limits(dtype)
            one("edges", dtype, [least, most - 1, most, 0], 2, 0)


def product(a, b, m, k, n, dtype, alpha=1, beta=0, c=None):
    out = [
        alpha * sum((a[i * k + p] * b[p * n + j] for p in range(k)), 0)
        + (beta * c[i * n + j] if c else 0)
        for i in range(m)
        for j in range(n)
    ]
    return [finish(int(v), dtype) if dtype in WIDE_INTS else F(v) for v in out]


def add_matmul(writer):
    for dtype in list(FLOATS) + list(WIDE_INTS):
        rng = random.Random(dtype + "m")
        ulps = 1 if dtype == "f64" else 0
        for m, k, n in ((1, 1, 1), (3, 5, 2), (3, 9, 3), (2, 0, 3)):
            a, b = [draw(rng, dtype) for _ in range(m * k)], [
                draw(rng, dtype) for _ in range(k * n)
            ]
            ta, tb = tensor(dtype, a, (m, k)), tensor(dtype, b, (k, n))
            writer.case(
                "exact",
                f"matmul_{m}_{k}_{n}_{dtype}",
                "matmul",
                [ta, tb],
                tensor(dtype, product(a, b, m, k, n, dtype), (m, n)),
                ulps=ulps,
            )
            c = [draw(rng, dtype) for _ in range(m * n)]
            alpha, beta = (2, -3)
            out = product(a, b, m, k, n, dtype, alpha, beta, c)
            writer.case(
                "exact",
                f"gemm_{m}_{k}_{n}_{dtype}",
                "gemm",
                [ta, tb, tensor(dtype, c, (m, n))],
                tensor(dtype, out, (m, n)),
                {"alpha": float(alpha), "beta": float(beta), "trans_a": 0, "trans_b": 0},
                1 if ulps else 0,
            )
        x, y = [draw(rng, dtype) for _ in range(20)], [draw(rng, dtype) for _ in range(20)]
        dot = sum((p * q for p, q in zip(x, y)), 0)
        writer.case(
            "exact",
            f"dot_{dtype}",
            "dot",
            [tensor(dtype, x), tensor(dtype, y)],
            tensor(dtype, [finish(dot, dtype)], ()),
            ulps=ulps,
        )
        writer.case(
            "exact",
            f"dot_empty_{dtype}",
            "dot",
            [tensor(dtype, [])] * 2,
            tensor(dtype, [F(0) if dtype in FLOATS else 0], ()),
        )
    nan = tensor("f32", [NAN], (1, 1))
    one = tensor("f32", [F(1)], (1, 1))
    writer.case(
        "exact",
        "gemm_beta_0_nan",
        "gemm",
        [one, one, nan],
        nan,
        {"alpha": 1.0, "beta": 0.0, "trans_a": 0, "trans_b": 0},
    )


def add(writer):
    add_fma(writer)
    add_reductions(writer)
    add_long_sums(writer)
    add_empty(writer)
    add_argmax(writer)
    add_matmul(writer)
