"""Writes arrangement.safetensors: what PyTorch computes for TestArrangementsAgainstPyTorch, in float64 from float32 inputs.

    python arrangement.py    # any PyTorch from 2.0 on

Images are [N][H][W][C], sequences [N][L][C] and weights [KH][KW][Cin][Cout] here and in the file; NCHW and OIHW are between.
"""
import json
import struct

import torch
import torch.nn.functional as F

torch.manual_seed(1)
tensors = {}


def rand(*shape):
    return torch.randn(*shape).float().double().requires_grad_()


def keep(name, inputs, y):
    """Notes inputs, the value y, an upstream gradient and the gradients of the inputs."""
    dy = torch.randn_like(y).float().double()
    y.backward(dy)
    for k, v in inputs.items():
        tensors[f"{name}.{k}"] = v.detach()
        tensors[f"{name}.d{k}"] = v.grad
    tensors[f"{name}.y"], tensors[f"{name}.dy"] = y.detach(), dy


def images(f, x, *args, **kw):
    """Calls a function of NCHW images with NHWC ones."""
    return f(x.permute(0, 3, 1, 2), *args, **kw).permute(0, 2, 3, 1)


def conv(name, f, x, w, order, **kw):
    """A convolution f, whose weights have in PyTorch the axes of w in the given order."""
    b = rand(kw.pop("out"))
    keep(name, dict(x=x, w=w, b=b), images(f, x, w.permute(*order), b, **kw))


# Ours is [KH][KW][out][in], theirs [in][out][KH][KW].
conv("transpose_unet", F.conv_transpose2d, rand(2, 4, 5, 6), rand(2, 2, 3, 6), (3, 2, 0, 1), out=3, stride=2)
conv("transpose_padded", F.conv_transpose2d, rand(2, 4, 5, 6), rand(3, 3, 4, 6), (3, 2, 0, 1), out=4, stride=2, padding=1, output_padding=1)
conv("transpose_dilated", F.conv_transpose2d, rand(2, 4, 5, 3), rand(3, 2, 4, 3), (3, 2, 0, 1),
     out=4, stride=3, padding=(1, 0), output_padding=2, dilation=2)
# Ours is [KH][KW][in/groups][out], theirs [out][in/groups][KH][KW].
conv("grouped", F.conv2d, rand(2, 6, 5, 6), rand(3, 3, 3, 8), (3, 2, 0, 1), out=8, padding=1, groups=2)
conv("grouped_stride", F.conv2d, rand(2, 6, 5, 12), rand(3, 3, 3, 4), (3, 2, 0, 1), out=4, padding=1, stride=2, groups=4)
conv("depthwise", F.conv2d, rand(2, 6, 5, 7), rand(3, 3, 1, 7), (3, 2, 0, 1), out=7, padding=1, groups=7)
conv("multiplied", F.conv2d, rand(2, 6, 5, 3), rand(3, 3, 1, 6), (3, 2, 0, 1), out=6, padding=1, groups=3)

x, w, b = rand(2, 9, 5), rand(3, 5, 4), rand(4)
keep("conv1d", dict(x=x, w=w, b=b), F.conv1d(x.transpose(1, 2), w.permute(2, 1, 0), b, stride=2, padding=2, dilation=2).transpose(1, 2))

for name, size, corners in (("double", (8, 10), False), ("odd", (7, 3), False), ("corners", (8, 10), True), ("corners_odd", (1, 12), True)):
    x = rand(2, 4, 5, 3)
    keep(f"bilinear_{name}", dict(x=x), images(F.interpolate, x, size=size, mode="bilinear", align_corners=corners))
for name, size in (("half", (2, 3)), ("odd", (3, 4)), ("one", (1, 1))):
    x = rand(2, 4, 6, 3)
    keep(f"adaptive_{name}", dict(x=x), images(F.adaptive_avg_pool2d, x, size))

x = rand(2, 5, 4, 3)
tensors["index_select.index"] = index = torch.tensor([4, 0, 0, 3, 4, 1, 4])
keep("index_select", dict(x=x), torch.index_select(x, 1, index))
for axis, shape in ((1, (2, 7, 4, 3)), (3, (2, 5, 4, 6))):
    x, index = rand(2, 5, 4, 3), torch.randint(x.shape[axis], shape)
    tensors[f"gather{axis}.index"] = index
    keep(f"gather{axis}", dict(x=x), torch.gather(x, axis, index))
    x, src = rand(2, 5, 4, 3), rand(*shape)
    tensors[f"scatter_add{axis}.index"] = index
    keep(f"scatter_add{axis}", dict(x=x, src=src), torch.scatter_add(x, axis, index, src))

x, z = rand(2, 5, 4, 3), rand(2, 2, 4, 3)
keep("cat", dict(x=x, z=z), torch.cat([x, z, x], 1))
x, z = rand(5, 4, 3), rand(5, 4, 3)
keep("stack", dict(x=x, z=z), torch.stack([x, z], -2))
x = rand(2, 5, 4, 3)
a, b, c = torch.split(x, [1, 2, 2], 1)
keep("split", dict(x=x), torch.cat([c, a, b, a], 1))
x = rand(2, 7, 4, 3)
keep("chunk", dict(x=x), torch.cat(list(reversed(torch.chunk(x, 3, 1))), 1))  # 3, 3 and 1
x = rand(2, 5, 4, 3)
keep("permute", dict(x=x), x.permute(3, 0, 2, 1))
x = rand(2, 5, 4, 3)
keep("flip", dict(x=x), torch.flip(x, (1, -1)))
x = rand(2, 5, 4, 3)
keep("repeat", dict(x=x), x.repeat(2, 1, 3, 2))
x = rand(5, 1, 3)
keep("expand", dict(x=x), x.expand(2, 5, 4, 3))
x = rand(2, 5, 4, 3)
keep("pad", dict(x=x), F.pad(x, (0, 0, 1, 2, 3, 0), value=-1.5))

header, data = {"__metadata__": {"torch": torch.__version__}}, b""
for name, t in tensors.items():
    raw = t.contiguous().float().numpy().tobytes()
    header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
js = json.dumps(header).encode()
js += b" " * (-len(js) % 8)
with open("arrangement.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(js)) + js + data)
