"""The coordinator's book: what is handed out covers the stream, once, in order; what is lost with a
worker comes again."""

from collections import Counter, deque
from dataclasses import dataclass, field
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from strategies.handing_out import Block, Book


@given(
    examples=st.integers(1, 200),
    batch=st.integers(1, 64),
    blocks=st.lists(st.integers(1, 9), min_size=1, max_size=20),
)
def test_blocks_cover_the_stream_without_gap_or_overlap(examples, batch, blocks):
    book = Book(examples, batch)
    positions = []
    for steps in blocks:
        for row in book.rows(book.next_block(steps)):
            assert 0 <= row.first < row.end <= examples
            positions += [row.epoch * examples + place for place in range(row.first, row.end)]
    assert positions == list(range(sum(blocks) * batch))


@given(
    blocks=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=20),
)
def test_a_restored_book_hands_out_first_what_never_came_back(blocks):
    book, lost = Book(100, 7), []
    for steps, comes_back in blocks:
        block = book.next_block(steps)
        if comes_back:
            book.finish(block.number)
        else:
            lost.append((block.position, block.steps))
    again = Book.from_record(book.as_record(), 100, 7)
    handed = [again.next_block(1) for _ in range(len(lost) + 1)]
    assert [(block.position, block.steps) for block in handed[:-1]] == lost
    assert (handed[-1].position, handed[-1].steps) == (book.position, 1)


WORKERS = 3


@dataclass
class Cluster:
    """Workers as the coordinator sees them: each call brings a block and trains on the one before.
    A worker that is killed loses what lies with it; the call under way is made again elsewhere."""

    book: Book
    random: Random
    queues: list[deque[Block]] = field(default_factory=lambda: [deque() for _ in range(WORKERS)])
    trained: Counter[int] = field(default_factory=Counter)
    untold: list[tuple[int, float, Block | None, Block | None, bool]] = field(default_factory=list)
    clock: float = 0.0

    def call(self, block: Block | None, killed: bool = False) -> int:
        worker = self.random.randrange(WORKERS)
        queue = self.queues[worker]
        self.clock += 1
        if killed:
            if queue and self.random.random() < 0.5:
                self.trained[queue[0].position] += 1  # its updates were made, nobody was told
            queue.clear()
            self.call(block)
            return worker
        taken = queue.popleft() if queue else None
        if block:
            queue.append(block)
        if taken:
            self.trained[taken.position] += 1
        self.untold.append((worker, self.clock, block, taken, len(queue) <= bool(block)))
        return worker

    def tell(self) -> None:
        """The coordinator hears of all calls, in an order that need not be the one they ran in."""
        self.random.shuffle(self.untold)
        for worker, when, brought, taken, emptied in self.untold:
            if brought:
                self.book.brought(brought.number, worker, when)
            if taken:
                self.book.finish(taken.number)
            if emptied:
                self.book.emptied(worker, when)
        self.untold.clear()

    def drain(self) -> None:
        for _ in range(1000):
            self.tell()
            for worker in range(WORKERS):
                self.book.lose(self.book.missed_by(worker))
            while self.book.again:
                self.call(self.book.next_block(0))
            self.call(None)
            if not self.book.unfinished:
                return
        raise AssertionError(f"never came back: {self.book.unfinished}")


@given(seed=st.integers(0, 2**32), killed=st.lists(st.sampled_from(["no", "seen", "unseen"])))
def test_whatever_is_lost_every_block_is_trained_on_and_without_loss_once(
    seed: int, killed: list[str]
) -> None:
    book = Book(examples=100, batch=7)
    cluster = Cluster(book, Random(seed))
    for how in killed:
        worker = cluster.call(book.next_block(3), killed=how != "no")
        if how == "seen":
            held = book.held_by(worker)
            cluster.tell()
            book.lose(held)
    cluster.drain()
    assert set(cluster.trained) == set(range(0, book.position, 3 * 7))
    if set(killed) <= {"no"}:
        assert set(cluster.trained.values()) <= {1}


def test_a_block_that_comes_back_late_is_not_handed_out_again() -> None:
    book = Book(examples=100, batch=7)
    block = book.next_block(2)
    book.brought(block.number, worker=0, when=1.0)
    assert book.lose(book.held_by(0)) == [block]
    assert book.steps_out == 2
    assert book.finish(block.number)
    assert not book.again
    assert not book.finish(block.number)
    assert book.steps_out == 0
