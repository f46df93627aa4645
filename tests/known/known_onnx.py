# SPDX-License-Identifier: MIT
"""known_onnx.py - the node tests of the onnx package, as far as Vane has the operator."""

import warnings

import numpy as np
import onnx
from onnx import numpy_helper

from known_write import FLOATS, Tensor

warnings.simplefilter("ignore")

# operator: Vane's op, ulp column of ops.def
OPS = {
    "Abs": ("abs", 0),
    "Neg": ("neg", 0),
    "Sqrt": ("sqrt", 1),
    "Exp": ("exp", 4),
    "Log": ("log", 4),
    "Tanh": ("tanh", 4),
    "Sigmoid": ("sigmoid", 4),
    "Relu": ("relu", 0),
    "Gelu": ("gelu", 8),
    "Clip": ("clip", 0),
    "Add": ("add", 0),
    "Sub": ("sub", 0),
    "Mul": ("mul", 0),
    "Div": ("div", 1),
    "Pow": ("pow", 8),
    "Max": ("max", 0),
    "Min": ("min", 0),
    "Where": ("where", 0),
    "Equal": ("equal", 0),
    "Less": ("less", 0),
    "Greater": ("greater", 0),
    "ReduceSum": ("reduce_sum", 8),
    "ReduceMean": ("reduce_mean", 8),
    "ReduceMax": ("reduce_max", 0),
    "ReduceMin": ("reduce_min", 0),
    "ReduceProd": ("reduce_prod", 8),
    "ArgMax": ("argmax", 0),
    "MatMul": ("matmul", 8),
    "Gemm": ("gemm", 8),
    "Softmax": ("softmax", 8),
    "Transpose": ("transpose", 0),
    "Identity": ("copy", 0),
    "Cast": ("cast", 0),
    "ConstantOfShape": ("fill", 0),
    "Concat": ("concat", 0),
}
TYPES = {
    "float32": "f32",
    "float64": "f64",
    "float16": "f16",
    "bfloat16": "bf16",
    "int32": "i32",
    "int64": "i64",
    "uint8": "u8",
    "int8": "i8",
    "bool": "bool",
}
EPS = {d: 2.0 ** (1 - p) for d, (p, _, _) in FLOATS.items()}


class Skip(Exception):
    pass


def array(x):
    if isinstance(x, onnx.TensorProto):
        x = numpy_helper.to_array(x)
    if not hasattr(x, "dtype"):
        raise Skip("an input or output is not a tensor (sequence or optional)")
    x = np.asarray(x)
    if x.dtype.name not in TYPES:
        raise Skip(f"type {x.dtype.name}: not one of Vane's")
    return x


def as_tensor(x):
    size = x.dtype.itemsize
    flat = np.ascontiguousarray(x).reshape(-1)
    return Tensor(TYPES[x.dtype.name], x.shape, [int(b) for b in flat.view(f"u{size}")])


def reduce_axes(inputs, attributes):
    axes = [int(a) for a in inputs[1]] if len(inputs) > 1 else attributes.get("axes", [])
    if not axes and attributes.get("noop_with_empty_axes"):
        raise Skip("noop_with_empty_axes: Vane's empty axes always mean every axis")
    p = {"axes": ",".join(map(str, axes))} if axes else {}
    return {**p, **({} if attributes.get("keepdims", 1) else {"drop": 1})}


def scalar(x):
    return repr(float(x.reshape(-1)[0]))


def clip_params(model, inputs):
    names = list(model.graph.node[0].input)
    given = dict(zip([n for n in names if n], inputs))
    p = {"lo": "-inf", "hi": "inf"}
    for key, at in (("lo", 1), ("hi", 2)):
        if len(names) > at and names[at]:
            p[key] = scalar(given[names[at]])
    return p if len(inputs) > 1 else {}


def convert(model, inputs, attributes):
    """Vane's tensors and params for one node; what Vane takes as params leaves the inputs."""
    op, a = model.graph.node[0].op_type, attributes
    if op in ("Max", "Min") and len(inputs) != 2:
        raise Skip(f"{len(inputs)} inputs: Vane's takes two")
    if op.startswith("Reduce"):
        return inputs[:1], reduce_axes(inputs, a)
    if op == "ArgMax":
        p = {"axis": a.get("axis", 0), "last": a.get("select_last_index", 0)}
        return inputs, {**p, **({} if a.get("keepdims", 1) else {"drop": 1})}
    if op == "Clip":
        return inputs[:1], clip_params(model, inputs)
    if op == "Gelu":
        return inputs, {"tanh": 1} if a.get("approximate") == b"tanh" else {}
    if op == "Gemm":
        p = {
            "alpha": a.get("alpha", 1.0),
            "beta": a.get("beta", 1.0),
            "trans_a": a.get("transA", 0),
            "trans_b": a.get("transB", 0),
        }
        return inputs, p if a else {}
    if op in ("Softmax", "Concat"):
        return inputs, {"axis": a["axis"]} if "axis" in a else {}
    if op == "Transpose":
        return inputs, {"perm": ",".join(map(str, a["perm"]))} if "perm" in a else {}
    if op == "ConstantOfShape":
        return [], {"value": scalar(numpy_helper.to_array(a["value"]))} if "value" in a else {}
    if op not in ("Cast", "Where") and len({x.dtype for x in inputs}) > 1:
        raise Skip("inputs of different types: Vane's must agree")
    return inputs, {}


def magnitude(op, inputs, out):
    """The largest sum of |terms|, which the tolerance of sums is relative to."""
    if out.dtype.name not in TYPES or TYPES[out.dtype.name] not in FLOATS or out.size == 0:
        return 0.0
    x = [np.abs(np.asarray(i, dtype=np.float64)) for i in inputs]
    if op in ("reduce_sum", "reduce_mean"):
        return float(x[0].sum()) if op == "reduce_sum" else float(x[0].max())
    if op in ("matmul", "gemm"):
        return float(x[0].max() * x[1].max() * max(inputs[0].shape) + sum(i.max() for i in x[2:]))
    return 0.0


ALLOWED = {  # Vane's dtype sets, as in ops.def
    "FLOAT": "f32 f64 f16 bf16",
    "WIDE": "f32 f64 f16 bf16 i32 i64",
    "SIGNED": "f32 f64 f16 bf16 i32 i64 i8",
    "NUMERIC": "f32 f64 f16 bf16 i32 i64 i8 u8",
}


def sets(ops_def):
    """Op name: the dtypes it takes, read from ops.def."""
    import re

    rows = re.findall(r"^VANE_OP\(\w+,\s*(\w+),\s*\w+,\s*\w+,\s*(\w+),", ops_def, re.M)
    return {name: ALLOWED.get(s, "f32 f64 f16 bf16 i32 i64 i8 u8 bool").split() for name, s in rows}


def add_case(writer, test, dtypes):
    node = test.model.graph.node
    if len(node) != 1:
        raise Skip(f"a graph of {len(node)} nodes")
    if len(test.data_sets) != 1:
        raise Skip("several data sets")
    op, ulp = OPS[node[0].op_type]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node[0].attribute}
    ins, outs = ([array(x) for x in part] for part in test.data_sets[0])
    ins, params = convert(test.model, ins, attributes)
    judged = [x for x in ins if x.dtype != bool] or ins or outs
    if TYPES[judged[0].dtype.name] not in dtypes[op]:
        raise Skip(f"type {judged[0].dtype.name}: not one of vane_{op}")
    near = magnitude(op, ins, outs[0])
    near *= ulp * EPS.get(TYPES[outs[0].dtype.name], 0)
    writer.case(
        "onnx",
        test.name.removeprefix("test_"),
        op,
        [as_tensor(x) for x in ins],
        as_tensor(outs[0]),
        params,
        0 if near else ulp,
        near,
    )


def add(writer, ops_def):
    from onnx.backend.test.case import node as nodes

    dtypes = sets(ops_def)
    for test in nodes.collect_testcases(None):
        used = {n.op_type for n in test.model.graph.node}
        if test.name.endswith("_expanded") or "_expanded_" in test.name:
            continue  # the same data over again, for the operator's function body
        if not (len(used) == 1 and used <= OPS.keys()):
            continue  # another operator's
        try:
            add_case(writer, test, dtypes)
        except Skip as why:
            writer.skip(test.name, str(why))
