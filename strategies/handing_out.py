"""Which examples a worker trains on next, by number: the coordinator's book.

The examples of all epochs form one stream, position p being example p mod N of epoch p div N (in
that epoch's order). A block is a run of positions that one worker trains on in one scheduled call.
Free of TensorFlow.
"""

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
    """Hands out blocks and knows which have not come back."""

    examples: int
    """Examples of an epoch."""
    batch: int
    position: int = 0
    unfinished: dict[int, Block] = field(default_factory=dict)
    again: list[Block] = field(default_factory=list)
    """Blocks to hand out before any new one (of a restored run)."""
    _numbers: int = 0

    def next_block(self, steps: int) -> Block:
        """The next block of at most `steps` batches, unfinished from now on."""
        self._numbers += 1
        if self.again:
            old = self.again.pop(0)
            block = Block(self._numbers, old.position, old.steps)
        else:
            block = Block(self._numbers, self.position, steps)
            self.position += steps * self.batch
        self.unfinished[block.number] = block
        return block

    def finish(self, number: int) -> Block:
        """The block came back, trained on."""
        return self.unfinished.pop(number)

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
        blocks = [*self.unfinished.values(), *self.again]
        return {
            "position": self.position,
            "unfinished": [[block.position, block.steps] for block in blocks],
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], examples: int, batch: int) -> "Book":
        again = [Block(0, position, steps) for position, steps in record["unfinished"]]
        return cls(examples, batch, position=record["position"], again=again)
