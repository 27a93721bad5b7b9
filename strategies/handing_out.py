"""Which examples a worker trains on next, by number: the coordinator's book.

The examples of all epochs form one stream, position p being example p mod N of epoch p div N (in
that epoch's order). A block is a run of positions that one worker trains on in one scheduled call.
A block that is lost with its worker is handed out again, so every position is trained on at least
once. Free of TensorFlow.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Row(NamedTuple):
    """Examples [first, end) of one epoch's order."""

    epoch: int
    first: int
    end: int


@dataclass(frozen=True)
class Block:
    """`steps` batches beginning at `position` of the stream."""

    number: int
    position: int
    steps: int


@dataclass
class Book:
    """Hands out blocks and knows which have not come back, and where they are."""

    examples: int
    """Examples of an epoch."""
    batch: int
    position: int = 0
    unfinished: dict[int, Block] = field(default_factory=dict)
    """Handed out or to be handed out again, and not trained on as far as is known."""
    again: list[Block] = field(default_factory=list)
    """Of these, what is to be handed out before any new block."""
    _held: dict[int, tuple[int, float]] = field(default_factory=dict)
    """Blocks that lie with a worker: its index, and when they came to it by its clock."""
    _emptied: dict[int, float] = field(default_factory=dict)
    """When each worker's queue was last seen to hold no older block, by its clock."""
    _numbers: int = 0

    @property
    def steps_out(self) -> int:
        """Steps of all blocks that have not come back."""
        return sum(block.steps for block in self.unfinished.values())

    def next_block(self, steps: int) -> Block:
        """A block that was lost, else a new one of `steps` batches."""
        if self.again:
            return self.again.pop(0)
        block = self._add(self.position, steps)
        self.position += steps * self.batch
        return block

    def brought(self, number: int, worker: int, when: float) -> None:
        """A call has put the block into the queue of a worker, at `when` by that worker's clock."""
        if number in self.unfinished:
            self._held[number] = worker, when

    def finish(self, number: int) -> bool:
        """A worker has trained on the block; False where that had come back before."""
        block = self.unfinished.pop(number, None)
        self._held.pop(number, None)
        if block in self.again:
            self.again.remove(block)
        return block is not None

    def emptied(self, worker: int, when: float) -> None:
        """A call found nothing in the worker's queue that had come before `when`."""
        self._emptied[worker] = max(when, self._emptied.get(worker, when))

    def held_by(self, worker: int) -> list[int]:
        """Numbers of the blocks that lie with the worker, as far as is known."""
        return [number for number, (by, _) in self._held.items() if by == worker]

    def missed_by(self, worker: int) -> list[int]:
        """Of these, what a later call didn't find there: it went with a former process. To be asked
        when every call has told: they may tell in another order than they ran in."""
        emptied = self._emptied.get(worker, 0.0)
        return [number for number in self.held_by(worker) if self._held[number][1] < emptied]

    def lose(self, numbers: Iterable[int]) -> list[Block]:
        """Those that have not come back are to be handed out again; returns them."""
        blocks = [self.unfinished[number] for number in numbers if number in self.unfinished]
        for block in blocks:
            self._held.pop(block.number, None)
        self.again += blocks
        return blocks

    def rows(self, block: Block) -> list[Row]:
        """The block's examples, cut where one epoch ends and the next begins."""
        rows, at, end = [], block.position, block.position + block.steps * self.batch
        while at < end:
            epoch, first = divmod(at, self.examples)
            stop = min(self.examples, first + end - at)
            rows.append(Row(epoch, first, stop))
            at += stop - first
        return rows

    def as_record(self) -> dict[str, Any]:
        """What a checkpoint keeps: where the stream goes on, and what is still out."""
        blocks = self.unfinished.values()
        return {
            "position": self.position,
            "unfinished": [[block.position, block.steps] for block in blocks],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], examples: int, batch: int) -> "Book":
        book = cls(examples, batch, position=record["position"])
        book.again = [book._add(position, steps) for position, steps in record["unfinished"]]
        return book

    def _add(self, position: int, steps: int) -> Block:
        self._numbers += 1
        block = Block(self._numbers, position, steps)
        self.unfinished[block.number] = block
        return block
