"""PyTorch DistributedDataParallel over gloo: the same network, batch and number of processes.

Run as `python -m tests.performance.ddp_worker <rank> <size> <port> <steps> <warmup> <answer>`.
"""

import json
import sys
import time
from pathlib import Path

import torch
from torch import nn

from tests.performance.cnn import BATCH_PER_WORKER, CLASSES, arrays


def main(rank: int, size: int, port: str, steps: int, warmup: int, answer: str) -> None:
    address = f"tcp://127.0.0.1:{port}"
    torch.distributed.init_process_group("gloo", address, rank=rank, world_size=size)
    split = arrays()["train"]
    images = torch.from_numpy(split["image"]).permute(0, 3, 1, 2)[rank::size].contiguous()
    labels = torch.from_numpy(split["label"])[rank::size]
    network = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2, 2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 5, 2, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 49, 440),
        nn.ReLU(),
        nn.Linear(440, CLASSES),
    )
    network = nn.parallel.DistributedDataParallel(network)
    optimizer, loss = torch.optim.SGD(network.parameters(), 0.01), nn.CrossEntropyLoss()
    for step in range(steps):
        if step == warmup:
            began = time.perf_counter()
        first = step * BATCH_PER_WORKER % (len(images) - BATCH_PER_WORKER)
        batch = slice(first, first + BATCH_PER_WORKER)
        optimizer.zero_grad()
        loss(network(images[batch]), labels[batch]).backward()
        optimizer.step()
    if rank == 0:
        milliseconds = 1000 * (time.perf_counter() - began) / (steps - warmup)
        Path(answer).write_text(json.dumps(milliseconds))


if __name__ == "__main__":
    rank, size, port, steps, warmup, answer = sys.argv[1:]
    main(int(rank), int(size), port, int(steps), int(warmup), answer)
