#!/usr/bin/env python3
"""The yardstick of consistency distillation: the step of DistillationBenchmark in plain PyTorch, on a network of the same sizes.

  torch_distillation.py [--sizes emoji] [--rows 16] [--rank 0] [--steps 20] [--threads 2]

Teacher with guidance on 2 x rows, target network on rows, student forward and backward, norm clipping, AdamW, moving average.
Rank 0 trains whole weights and moves a target network; otherwise the factors of LoRA on attention, the student being its target.
"""
import argparse
import copy
import statistics
import time

import torch
import torch.nn as nn

from torch_unet import SIZES, Lora, UNet, inputs


def plain(module):
    """Linear layers in the place of those with LoRA."""
    for name, child in module.named_children():
        if isinstance(child, Lora):
            setattr(module, name, child.base)
        else:
            plain(child)
    return module


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="emoji", choices=SIZES)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    sizes, rows = SIZES[options.sizes], options.rows
    teacher = plain(UNet(sizes, 1)).requires_grad_(False)
    student = UNet(sizes, options.rank) if options.rank else plain(UNet(sizes, 1)).requires_grad_(True)
    target = student if options.rank else copy.deepcopy(student).requires_grad_(False)
    trained = [p for p in student.parameters() if p.requires_grad]
    adam = torch.optim.AdamW(trained, lr=1e-4)
    times = {"teacher and target": [], "student": [], "optimiser": [], "step": []}
    for _ in range(options.steps + 2):
        x, t, context, cond = inputs(rows, sizes, torch.float32, "cpu")
        begin = time.perf_counter()
        with torch.no_grad():
            both = teacher(torch.cat([x, x]), torch.cat([t, t]), torch.cat([context, context]), torch.cat([cond, cond]))
            conditional, unconditional = both.chunk(2)
            solved = 0.99 * x + 0.01 * (unconditional + 3 * (conditional - unconditional))
            wanted = 0.1 * solved - target(solved, t, context, cond)
        drawn = time.perf_counter()
        estimate = 0.1 * x - student(x, t, context, cond)
        ((estimate - wanted).square().add(1e-6).sqrt() - 1e-3).mean().backward()
        derived = time.perf_counter()
        nn.utils.clip_grad_norm_(trained, 1.0)
        adam.step()
        adam.zero_grad(set_to_none=True)
        if not options.rank:
            with torch.no_grad():
                for average, parameter in zip(target.parameters(), student.parameters()):
                    average.lerp_(parameter, 0.05)
        end = time.perf_counter()
        for name, seconds in zip(times, (drawn - begin, derived - drawn, end - derived, end - begin)):
            times[name].append(seconds)
    print(f"PyTorch {torch.__version__}, {rows} rows, {sum(p.numel() for p in trained)} trained numbers")
    for name, seconds in times.items():
        print(f"{name:34s} {1000 * statistics.median(seconds[2:]):10.1f} ms")


if __name__ == "__main__":
    main()
