# Trains the network of nn/examples/convnet, of width 8, in PyTorch to tell stripes, checks and outlines apart, and writes its weights:
#
#     python3 pretrain.py pretrained.safetensors
#
# pretrained.safetensors beside this file was made so with PyTorch 2.15, safetensors 0.8 and one thread.
import math
import sys
from collections import OrderedDict

import torch
from safetensors.torch import save_file
from torch import nn

SIZE, CLASSES = 16, 10


def draw(n):
    """n pictures [n][3][16][16], normalised, and their classes: stripes in four directions and of two periods, rings of two sizes."""
    y, x = torch.meshgrid(torch.arange(SIZE) - 7.5, torch.arange(SIZE) - 7.5, indexing="ij")
    images, labels = torch.empty(n, 3, SIZE, SIZE), torch.randint(CLASSES, (n,))
    for i, c in enumerate(labels.tolist()):
        x0, y0 = (torch.rand(2) * 6 - 3).tolist()
        r = torch.hypot(x - x0, y - y0)
        if c < 8:
            angle = (c // 2 + torch.rand(1).item() - 0.5) * math.pi / 4
            period = (3.0, 5.5)[c % 2] * (0.9 + 0.2 * torch.rand(1).item())
            along = x * math.cos(angle) + y * math.sin(angle)
            pattern = torch.sin(2 * math.pi * (along / period + torch.rand(1).item())) * (r < 6)
        else:
            pattern = torch.exp(-(((r - (2.5, 5.0)[c - 8]) / 0.8) ** 2))
        colour, ground = torch.randn(3, 1, 1), torch.randn(3, 1, 1) / 2
        images[i] = ground + colour * pattern + torch.randn(3, SIZE, SIZE) / 2
    return images, labels


def block(cin, cout):
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(cin, cout, 3, padding=1, bias=False),
            norm=nn.BatchNorm2d(cout),
            act=nn.ReLU(),
        )
    )


def stage(cin, cout):
    return nn.Sequential(block(cin, cout), block(cout, cout))


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.backbone = nn.Sequential(
            OrderedDict(
                stage1=stage(3, width),
                pool1=nn.MaxPool2d(2),
                stage2=stage(width, 2 * width),
                pool2=nn.MaxPool2d(2),
                stage3=stage(2 * width, 4 * width),
            )
        )
        self.fc = nn.Linear(4 * width, CLASSES)

    def forward(self, x):
        return self.fc(self.backbone(x).mean((2, 3)))


torch.manual_seed(1)
torch.set_num_threads(1)
net, steps = Net(), 1200
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.OneCycleLR(opt, 0.01, total_steps=steps)
for step in range(steps):
    x, labels = draw(64)
    loss = nn.functional.cross_entropy(net(x), labels)
    opt.zero_grad()
    loss.backward()
    opt.step()
    schedule.step()
net.eval()
x, labels = draw(1000)
print("accuracy", (net(x).argmax(1) == labels).float().mean().item())
save_file(net.state_dict(), sys.argv[1])
