"""The coordinator's book: what is handed out covers the stream, once, in order."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.handing_out import Book


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
