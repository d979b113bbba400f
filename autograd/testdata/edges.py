"""Writes edges.json: what PyTorch 2.15 makes of the numbers that functions treat in a way of their own.

    python edges.py > edges.json

For each function: its inputs, its result, and the gradients of the inputs for a gradient of one of every element of the result (of the
mean, for losses). Numbers are strings, for JSON has no infinities."""

import json
import math

import torch
import torch.nn.functional as F

inf, nan = math.inf, math.nan
X = [-inf, -100, -3, -1, -0.0, 0, 1e-40, 1, 2, 3, 6, 100, inf, nan]
A = [1, 1, 2, nan, 1, nan, inf, 0, -0.0, -inf, inf, -inf, 0, 3]
B = [1, 2, 1, 1, nan, nan, inf, -0.0, 0, -inf, -inf, 2, 0, inf]
ROWS = [[1, 3, 3], [nan, 1, 2], [-inf, -inf, -inf], [inf, 0, inf], [-2, -2, -5]]

unary = {
    "LeakyReLU": lambda x: F.leaky_relu(x, 0.1), "ELU": F.elu, "GELU": F.gelu, "GELUTanh": lambda x: F.gelu(x, approximate="tanh"),
    "SiLU": F.silu, "Hardswish": F.hardswish, "Hardsigmoid": F.hardsigmoid, "Softplus": F.softplus, "Mish": F.mish, "Exp": torch.exp,
    "Log": torch.log, "Sqrt": torch.sqrt, "Abs": torch.abs, "Square": torch.square, "Reciprocal": torch.reciprocal,
    "Clamp": lambda x: x.clamp(-1, 2), "Clamp/crossed": lambda x: x.clamp(2, -1), "Pow/0": lambda x: x**0, "Pow/3": lambda x: x**3,
    "Pow/0.5": lambda x: x**0.5, "Pow/1.7": lambda x: x**1.7, "Pow/-1": lambda x: x**-1,
}
binary = {"Maximum": torch.maximum, "Minimum": torch.minimum, "Div": torch.div, "Mul": torch.mul, "Sub": torch.sub}
rows = {
    "Max": lambda x: x.amax(-1, keepdim=True), "Min": lambda x: x.amin(-1, keepdim=True),
    "LogSumExp": lambda x: torch.logsumexp(x, -1, keepdim=True), "Sum": lambda x: x.sum(-1, keepdim=True),
}
FINITE = [[1, 3, 3], [nan, 1, 2], [7, 7, 7], [-2, -2, -5], [0, 1e-3, 1e3]]
losses = {
    "L1": (F.l1_loss, [1, 2, -3, 5], [1, 1, 1, 1]),
    "SmoothL1": (F.smooth_l1_loss, [1, 2, -3, 1.5], [1, 1, 1, 1]),
    "Huber": (lambda x, t: F.huber_loss(x, t, delta=2.0), [1, 3, -3, 1.5], [1, 1, 1, 1]),
    "BCEWithLogits": (F.binary_cross_entropy_with_logits, [0, 100, -100, -2], [0.5, 1, 1, 0.25]),
    "WeightedBCEWithLogits": (
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(3.0)), [0, 100, -100, -2], [0.5, 1, 1, 0.25]),
    "KLDiv": (lambda x, t: F.kl_div(x, t, reduction="batchmean"), [-0.5, -3, -1, -0.25], [0.5, 0.25, 1, 2]),
}


def strings(t):
    return [repr(v) for v in t.detach().flatten().tolist()]


def case(f, *inputs):
    xs = [torch.tensor(x, dtype=torch.float32, requires_grad=True) for x in inputs]
    y = f(*xs)
    y.sum().backward()
    return {"in": [strings(x) for x in xs], "y": strings(y), "grad": [strings(x.grad) for x in xs]}


cases = {name: case(f, X) for name, f in unary.items()}
cases |= {name: case(f, A, B) for name, f in binary.items()}
cases |= {name: case(f, ROWS) for name, f in rows.items()}
cases["Variance"] = case(lambda x: x.var(-1, keepdim=True), FINITE)
cases |= {name: case(f, x, t) for name, (f, x, t) in losses.items()}
LABELS, WEIGHT = torch.tensor([2, 0, -100, 1, 0]), torch.tensor([0.5, 0.0, 2.0])
cases["WeightedNLL"] = case(lambda x: F.cross_entropy(x, LABELS, WEIGHT), FINITE[:1] + [[1, -1, 2]] + FINITE[2:])
print("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in cases.items()) + "\n}")
