"""Writes sequence.safetensors: what PyTorch computes for TestSequencesAgainstPyTorch, in float64 from float32 inputs.

    python sequence.py    # any PyTorch from 2.4 on
"""
import json
import struct

import torch
import torch.nn.functional as F

torch.manual_seed(1)
tensors = {}


def rand(*shape, scale=1.0):
    return (scale * torch.randn(*shape)).float().double().requires_grad_()


def keep(name, inputs, y):
    """Notes inputs, the value y, an upstream gradient and the gradients of the inputs."""
    dy = torch.randn_like(y).float().double()
    y.backward(dy)
    for k, v in inputs.items():
        tensors[f"{name}.{k}"] = v.detach()
        tensors[f"{name}.d{k}"] = v.grad
    tensors[f"{name}.y"], tensors[f"{name}.dy"] = y.detach(), dy


x, g, b = rand(4, 3, 37), rand(37), rand(37)
keep("layernorm", dict(x=x, gamma=g, beta=b), F.layer_norm(x, (37,), g, b, 1e-5))
x, g = rand(4, 3, 37), rand(37)
keep("rmsnorm", dict(x=x, gamma=g), F.rms_norm(x, (37,), g, 1e-5))
for groups in (1, 4, 12):  # NHWC here
    x, g, b = rand(3, 5, 6, 12), rand(12), rand(12)
    keep(f"groupnorm{groups}", dict(x=x, gamma=g, beta=b), F.group_norm(x.permute(0, 3, 1, 2), groups, g, b, 1e-5).permute(0, 2, 3, 1))

B, T, S, H, D = 2, 9, 13, 3, 8
for causal in (False, True):
    for masked in (False, True):
        if causal and masked:
            continue
        q, k, v = rand(B, T, H * D), rand(B, S, H * D), rand(B, S, H * D)
        mask = None
        if masked:
            mask = torch.randn(B, 1, T, S).float().double().masked_fill(torch.rand(B, 1, T, S) < 0.3, -torch.inf)
            tensors["attention_masked.mask"] = mask[:, 0]
        heads = lambda t: t.unflatten(2, (H, D)).transpose(1, 2)
        y = F.scaled_dot_product_attention(heads(q), heads(k), heads(v), attn_mask=mask, is_causal=causal)
        keep("attention" + "_causal" * causal + "_masked" * masked, dict(q=q, k=k, v=v), y.transpose(1, 2).flatten(2))

T, B, I, H = 7, 3, 5, 6
for name, make, kw, gates in (("gru", torch.nn.GRU, {}, 3), ("rnn_tanh", torch.nn.RNN, {}, 1), ("rnn_relu", torch.nn.RNN, dict(nonlinearity="relu"), 1)):
    m = make(I, H, **kw)
    m = m.double()
    x, h0 = rand(T, B, I), rand(1, B, H)
    y, _ = m(x, h0)
    keep(name, dict(x=x, h0=h0, wih=m.weight_ih_l0, whh=m.weight_hh_l0, bih=m.bias_ih_l0, bhh=m.bias_hh_l0), y)

header, data = {"__metadata__": {"torch": torch.__version__}}, b""
for name, t in tensors.items():
    raw = t.contiguous().float().numpy().tobytes()
    header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
js = json.dumps(header).encode()
js += b" " * (-len(js) % 8)
with open("sequence.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(js)) + js + data)
