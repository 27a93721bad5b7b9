"""When silence counts as an answer."""

from hypothesis import given
from hypothesis import strategies as st

from launcher.queued.patience import LEAST_TRIES, MOST_SECONDS, Patience


@given(st.lists(st.floats(0.1, 300), max_size=40))
def test_silence_is_an_answer_only_after_a_time_and_a_number_of_tries(pauses):
    patience, now = Patience(), 0.0
    patience.silent(now)
    for pause in pauses:
        now += pause
        patience.silent(now)
    assert patience.is_over(now) == (now >= MOST_SECONDS and len(pauses) + 1 >= LEAST_TRIES)
    patience.answered()
    assert not patience.is_over(now + MOST_SECONDS)
