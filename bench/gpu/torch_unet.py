#!/usr/bin/env python3
"""The yardstick: a UNet of Stable Diffusion 1.5's architecture in plain PyTorch, random weights, LoRA on the attention layers.

  torch_unet.py bench [--device cuda] [--precision float32,tf32,float16,bfloat16] [--rows 1,4,8] [--compile] [--results X.csv]
      milliseconds and memory of a forward pass without gradients, and of forward + backward of the LoRA factors
  torch_unet.py trace --out unet.ts
      a TorchScript file for libtorch: forward(sample, timestep, encoder_hidden_states, timestep_cond); the factors of LoRA
      require gradients, and attention is aten::scaled_dot_product_attention whatever PyTorch writes the file

Both take --sizes: sd15 (860 M parameters, 64x64 latents), quarter (a quarter of its width, 32x32) and emoji (the model that is
embedded in the examples, 16x16): the networks of fixtures/sd15-unet-skeleton, its folder quarter, and emoji-lcm.
"""
import argparse
import csv
import math
import os
import re
import time
import zipfile
from dataclasses import dataclass, replace

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Sizes:
    channels: tuple
    heads: tuple
    attention: int  # levels that have it, from the first on
    layers: int  # residual blocks of a level on the way down; one more on the way up
    groups: int
    context: int
    words: int
    side: int


SIZES = {
    "sd15": Sizes((320, 640, 1280, 1280), (8, 8, 8, 8), 3, 2, 32, 768, 77, 64),
    "quarter": Sizes((96, 192, 384, 384), (8, 8, 8, 8), 3, 2, 32, 768, 77, 32),
    "emoji": Sizes((32, 64, 96), (2, 4, 6), 2, 1, 8, 64, 12, 16),
}


class Lora(nn.Module):
    """A frozen linear layer and a low-rank one, alpha = 2 rank."""

    def __init__(self, inputs, outputs, rank, bias=False):
        super().__init__()
        self.base = nn.Linear(inputs, outputs, bias=bias)
        self.a = nn.Parameter(torch.randn(rank, inputs) / rank)
        self.b = nn.Parameter(torch.randn(outputs, rank) * 0.01)

    def forward(self, x):
        return self.base(x) + 2.0 * F.linear(F.linear(x, self.a), self.b)


class DotProducts(nn.Module):
    """A module of its own, so that its code in a TorchScript file can be told from the rest."""

    def forward(self, q, k, v):
        if hasattr(F, "scaled_dot_product_attention"):
            return F.scaled_dot_product_attention(q, k, v)
        return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1) @ v


class Attention(nn.Module):
    def __init__(self, width, context, heads, rank):
        super().__init__()
        self.heads = heads
        self.to_q = Lora(width, width, rank)
        self.to_k = Lora(context, width, rank)
        self.to_v = Lora(context, width, rank)
        self.to_out = Lora(width, width, rank, bias=True)
        self.dot_products = DotProducts()

    def forward(self, x, context):
        def split(y):
            return y.view(y.shape[0], -1, self.heads, y.shape[2] // self.heads).transpose(1, 2)

        y = self.dot_products(split(self.to_q(x)), split(self.to_k(context)), split(self.to_v(context)))
        return self.to_out(y.transpose(1, 2).reshape(x.shape))


class Transformer(nn.Module):
    def __init__(self, width, heads, rank, sizes):
        super().__init__()
        self.norm = nn.GroupNorm(sizes.groups, width, 1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn1 = Attention(width, width, heads, rank)
        self.attn2 = Attention(width, sizes.context, heads, rank)
        self.ff1, self.ff2 = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x, context):
        batch, width, height, length = x.shape
        y = self.proj_in(self.norm(x)).permute(0, 2, 3, 1).reshape(batch, height * length, width)
        z = self.norm1(y)
        y = y + self.attn1(z, z)
        y = y + self.attn2(self.norm2(y), context)
        value, gate = self.ff1(self.norm3(y)).chunk(2, -1)
        y = y + self.ff2(value * F.gelu(gate))
        return x + self.proj_out(y.view(batch, height, length, width).permute(0, 3, 1, 2))


class Resnet(nn.Module):
    def __init__(self, inputs, outputs, time_width, groups):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time_width, outputs)
        self.norm2, self.conv2 = nn.GroupNorm(groups, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.short = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, t):
        y = self.conv1(F.silu(self.norm1(x))) + self.time(F.silu(t))[:, :, None, None]
        return self.short(x) + self.conv2(F.silu(self.norm2(y)))


class Block(nn.Module):
    """A residual block and, on some levels, a transformer."""

    def __init__(self, inputs, outputs, level, rank, sizes):
        super().__init__()
        self.resnet = Resnet(inputs, outputs, 4 * sizes.channels[0], sizes.groups)
        attends = level < sizes.attention
        self.transformer = Transformer(outputs, sizes.heads[level], rank, sizes) if attends else None

    def forward(self, x, t, context):
        x = self.resnet(x, t)
        return x if self.transformer is None else self.transformer(x, context)


class UNet(nn.Module):
    def __init__(self, sizes, rank):
        super().__init__()
        channels, last = sizes.channels, len(sizes.channels) - 1
        self.first, width = channels[0], channels[0]
        self.cond = nn.Linear(256, width, bias=False)
        self.t1, self.t2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, 4 * width)
        self.conv_in = nn.Conv2d(4, width, 3, padding=1)
        self.down, self.up, skips = nn.ModuleList(), nn.ModuleList(), [width]
        for level, outputs in enumerate(channels):
            for _ in range(sizes.layers):
                self.down.append(Block(width, outputs, level, rank, sizes))
                width = outputs
                skips.append(width)
            if level < last:
                self.down.append(nn.Conv2d(width, width, 3, stride=2, padding=1))
                skips.append(width)
        self.mid1 = Resnet(width, width, 4 * self.first, sizes.groups)
        self.mid2 = Transformer(width, sizes.heads[last], rank, sizes)
        self.mid3 = Resnet(width, width, 4 * self.first, sizes.groups)
        for level, outputs in reversed(list(enumerate(channels))):
            for _ in range(sizes.layers + 1):
                self.up.append(Block(width + skips.pop(), outputs, level, rank, sizes))
                width = outputs
            if level > 0:
                self.up.append(nn.Conv2d(width, width, 3, padding=1))
        self.norm, self.conv_out = nn.GroupNorm(sizes.groups, width), nn.Conv2d(width, 4, 3, padding=1)
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.endswith((".a", ".b")))

    def forward(self, x, timestep, context, cond):
        half = self.first // 2
        f = torch.exp(torch.arange(half, device=x.device, dtype=torch.float32) * (-math.log(10000.0) / half))
        e = timestep.float()[:, None] * f[None]
        e = torch.cat([e.cos(), e.sin()], -1).to(x.dtype) + self.cond(cond)
        t = self.t2(F.silu(self.t1(e)))
        x = self.conv_in(x)
        skips = [x]
        for part in self.down:
            x = part(x, t, context) if isinstance(part, Block) else part(x)
            skips.append(x)
        x = self.mid3(self.mid2(self.mid1(x, t), context), t)
        for part in self.up:
            if isinstance(part, Block):
                x = part(torch.cat([x, skips.pop()], 1), t, context)
            else:
                x = part(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.conv_out(F.silu(self.norm(x)))


def inputs(rows, sizes, dtype, device):
    return (
        torch.randn(rows, 4, sizes.side, sizes.side, dtype=dtype, device=device),
        torch.full((rows,), 500, dtype=torch.int64, device=device),
        torch.randn(rows, sizes.words, sizes.context, dtype=dtype, device=device),
        torch.randn(rows, 256, dtype=dtype, device=device),
    )


def timed(device, run, seconds):
    """The shortest and the median time of runs after two that warm up."""
    run(), run()
    times = []
    while len(times) < 3 or sum(times) < seconds and len(times) < 50:
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times), 1e3 * sorted(times)[len(times) // 2]


def peak_memory(device):
    """GB: on a GPU what PyTorch took from the device at most, else the peak of the process."""
    if device == "cuda":
        return torch.cuda.max_memory_reserved() * 1e-9
    with open("/proc/self/status") as status:
        return next(1024e-9 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def bench(options):
    types = {"float32": torch.float32, "tf32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    sizes = SIZES[options.sizes]
    name = "PyTorch " + torch.__version__.split("+")[0] + (" compiled" if options.compile else " eager")
    for precision in options.precision.split(","):
        dtype = types[precision]
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        net = UNet(sizes, options.rank).to(dtype).to(options.device)
        if precision in ("float16", "bfloat16"):
            net = net.to(memory_format=torch.channels_last)
        call = torch.compile(net) if options.compile else net
        for rows in map(int, options.rows.split(",")):
            data = inputs(rows, sizes, dtype, options.device)
            upstream = torch.randn_like(data[0])
            if options.device == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()

            def forward():
                with torch.no_grad():
                    call(*data)

            def update():
                net.zero_grad(set_to_none=True)
                (call(*data) * upstream).sum().backward()

            f, u = timed(options.device, forward, options.seconds), timed(options.device, update, options.seconds)
            memory = peak_memory(options.device)
            print(
                f"{name}, {options.sizes}, {precision}, {rows} row(s): forward {f[0]:.2f} ({f[1]:.2f}) ms, "
                f"forward + backward {u[0]:.2f} ({u[1]:.2f}) ms, ratio {u[0] / f[0]:.2f}, {memory:.2f} GB",
                flush=True,
            )
            if options.results:
                append(options.results, [name, options.sizes, options.device, precision, rows, *f, *u, memory])


def append(path, row):
    """The columns of FullSizeBenchmark's --results."""
    header = "program,model,device,precision,rows,forward_best_ms,forward_median_ms,update_best_ms,update_median_ms,memory_gb"
    new = not os.path.exists(path)
    with open(path, "a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(header.split(","))
        writer.writerow([f"{cell:.3f}" if isinstance(cell, float) else cell for cell in row])


def trace(options):
    sizes = SIZES[options.sizes]
    net = UNet(sizes, options.rank).eval()
    # Sizes are traced as expressions, so that the smallest picture does for all, and any number of rows.
    smallest = replace(sizes, side=2 ** (len(sizes.channels) - 1))
    torch.jit.trace(net, inputs(2, smallest, torch.float32, "cpu"), check_trace=False).save(options.out)
    if not hasattr(F, "scaled_dot_product_attention"):
        use_fused_attention(options.out)


def use_fused_attention(path):
    """PyTorch before 2.0 does not know the operator, but its files can name it: libtorch resolves names when it reads them."""
    written = re.compile(r"(class DotProducts\(Module\):.*?Tensor:\n)(.*?)(?=^class |\Z)", re.S | re.M)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(path + ".new", "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            if entry.filename.endswith(".debug_pkl"):
                continue  # The positions of what the code was made from.
            if entry.filename.endswith(".py"):
                new.writestr(entry.filename, written.sub(fused, old.read(entry).decode()))
                continue
            with old.open(entry) as source, new.open(zipfile.ZipInfo(entry.filename), "w") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
    os.replace(path + ".new", path)


def fused(match):
    """The tracer orders a method's arguments as they are used, and keeps their names."""
    if sorted(re.findall(r"(\w+): Tensor", match[1])) != ["k", "q", "v"]:
        raise SystemExit(f"unexpected code; trace with PyTorch 2.0 or newer:\n{match[0]}")
    return match[1] + "    return torch.scaled_dot_product_attention(q, k, v)\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["bench", "trace"])
    parser.add_argument("--sizes", choices=SIZES, default="sd15")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--rows", default="1")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--seconds", type=float, default=4, help="how long to repeat each measurement")
    parser.add_argument("--results", help="a CSV file to append to")
    parser.add_argument("--out", default="unet.ts")
    options = parser.parse_args()
    bench(options) if options.what == "bench" else trace(options)
