"""Writes the fixtures of weights_test.go: state dicts of PyTorch, and what its networks make of given inputs.

Usage: python generate.py (with torch and safetensors), in this folder. Outputs are computed in float64 from float32 weights and inputs.
"""

import copy
import json

import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(1)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
            nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2))
        self.fc1 = nn.Linear(6 * 2 * 3, 7)
        self.fc2 = nn.Linear(7, 4)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(self.features(x).flatten(1))))


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 6)
        self.decoder = nn.Linear(6, 11)
        self.decoder.weight = self.encoder.weight

    def forward(self, tokens):
        return self.decoder(self.lstm(self.encoder(tokens))[0])


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))

    def forward(self, x):
        return self.layers(x)


class Attention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


values = {}


def note(name, model, x, outputs=lambda y: {"output": y}):
    """Notes what the model makes of x in evaluation."""
    exact = copy.deepcopy(model).double().eval()
    with torch.no_grad():
        y = exact(x.double() if x.is_floating_point() else x)
    values[name + ".input"] = x
    for key, v in outputs(y).items():
        values[f"{name}.{key}"] = v.float().contiguous()


def dense(state):
    """The state dict without tensors that share memory, which the format does not allow."""
    return {name: v.clone().contiguous() for name, v in state.items()}


# A CNN whose batch norms have seen something.
cnn = CNN()
for _ in range(3):
    cnn(torch.randn(8, 3, 8, 12) * 2 + 1)
for m in cnn.modules():
    if isinstance(m, nn.BatchNorm2d):
        nn.init.normal_(m.weight, 1, 0.2)
        nn.init.normal_(m.bias, 0, 0.2)
note("cnn", cnn, torch.randn(2, 3, 8, 12))
state = dense(cnn.state_dict())
save_file(state, "cnn.safetensors", metadata={"format": "pt"})
save_file({"module." + name: v for name, v in state.items()}, "cnn_parallel.safetensors")

# The same in two files, as the hub of models has large ones.
shards = [dict(list(state.items())[:7]), dict(list(state.items())[7:])]
weight_map = {}
for i, shard in enumerate(shards):
    file = f"cnn-{i + 1:05}-of-00002.safetensors"
    save_file(shard, file, metadata={"format": "pt"})
    weight_map.update({name: file for name in shard})
size = sum(v.numel() * v.element_size() for v in state.values())
with open("cnn.safetensors.index.json", "w") as f:
    json.dump({"metadata": {"total_size": size}, "weight_map": weight_map}, f, indent=1, sort_keys=True)
    f.write("\n")

# A language model with tied weights.
lm = LanguageModel()
note("lm", lm, torch.randint(11, (5, 2)))
save_file(dense(lm.state_dict()), "lm.safetensors")

# A layer each in half precision, bfloat16 and double precision.
mlp = MLP()
state = dense(mlp.state_dict())
for layer, dtype in ("0", torch.float16), ("2", torch.bfloat16), ("4", torch.float64):
    for kind in "weight", "bias":
        state[f"layers.{layer}.{kind}"] = state[f"layers.{layer}.{kind}"].to(dtype)
save_file(state, "mlp.safetensors")
mlp.load_state_dict(state)
note("mlp", mlp, torch.randn(4, 5))

# Layers one by one.
layers = nn.ModuleDict({
    "conv": nn.Conv2d(4, 6, 3, stride=2, padding=2, dilation=2),
    "grouped": nn.Conv2d(4, 6, 3, padding=1, groups=2),
    "conv1d": nn.Conv1d(4, 6, 3, stride=2, padding=1),
    "transposed": nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1),
    "layer_norm": nn.LayerNorm(6),
    "group_norm": nn.GroupNorm(2, 4),
    "batch_norm1d": nn.BatchNorm1d(6),
    "lstm": nn.LSTM(6, 5, num_layers=2, bidirectional=True),
    "gru": nn.GRU(6, 5, num_layers=2, bidirectional=True),
    "attention": Attention(6, 2),
})
for m in layers["layer_norm"], layers["group_norm"], layers["batch_norm1d"]:
    nn.init.normal_(m.weight, 1, 0.2)
    nn.init.normal_(m.bias, 0, 0.2)
nn.init.normal_(layers["attention"].in_proj_bias)
nn.init.normal_(layers["attention"].out_proj.bias)
layers["batch_norm1d"](torch.randn(20, 6) * 2 + 1)
image, sequence = torch.randn(2, 4, 7, 9), torch.randn(4, 3, 6)
note("conv", layers["conv"], image)
note("grouped", layers["grouped"], image)
note("conv1d", layers["conv1d"], torch.randn(2, 4, 9))
note("transposed", layers["transposed"], image)
note("layer_norm", layers["layer_norm"], sequence)
note("group_norm", layers["group_norm"], image)
note("batch_norm1d", layers["batch_norm1d"], sequence[0])
note("lstm", layers["lstm"], sequence, lambda y: {"output": y[0], "h": y[1][0], "c": y[1][1]})
note("gru", layers["gru"], sequence, lambda y: {"output": y[0], "h": y[1]})
note("attention", layers["attention"], sequence)
save_file(dense(layers.state_dict()), "layers.safetensors")

save_file(dense(values), "outputs.safetensors")

# Learning rates of PyTorch's schedules, step by step.
def rates(make, steps, metrics=None):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule, lrs = make(optimizer), []
    for i in range(steps):
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step(*([] if metrics is None else [metrics[i]]))
    return lrs


lr = torch.optim.lr_scheduler
losses = [3, 2, 2, 1.9999, 2.1, 2, 1.5, 1.6, 1.6, 1.6, 1.6, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4]
schedules = {
    "Exponential": rates(lambda o: lr.ExponentialLR(o, 0.9), 20),
    "Linear": rates(lambda o: lr.PolynomialLR(o, 15), 20),
    "Polynomial": rates(lambda o: lr.PolynomialLR(o, 15, power=2.5), 20),
    "OneCycle": rates(lambda o: lr.OneCycleLR(o, 0.1, total_steps=20), 20),
    "OneCycle early": rates(lambda o: lr.OneCycleLR(o, 0.1, total_steps=20, pct_start=0.2, div_factor=4, final_div_factor=50), 20),
    "Plateau": rates(lambda o: lr.ReduceLROnPlateau(o, patience=2, min_lr=2e-3), 20, losses),
    "Cosine": rates(lambda o: lr.CosineAnnealingLR(o, 20, eta_min=1e-3), 20),
    "CosineRestarts": rates(lambda o: lr.CosineAnnealingWarmRestarts(o, 4, T_mult=2, eta_min=1e-3), 20),
    "StepDecay": rates(lambda o: lr.MultiStepLR(o, [5, 12], gamma=0.2), 20),
}
with open("schedules.json", "w") as f:
    json.dump({"losses": losses, **schedules}, f, indent=1)
    f.write("\n")
