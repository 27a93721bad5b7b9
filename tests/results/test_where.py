"""`where=` and `sort=` choose what they say, and nothing an expression says can do harm."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from results import UserError
from results.sorting import in_order
from results.where import condition

ROWS: list[dict[str, Any]] = [
    {"run": "0", "strategy": "mirrored", "workers": 1, "speed": 10.0, "batch.total": 32},
    {"run": "1", "strategy": "mirrored", "workers": 4, "speed": None, "batch.total": 128},
    {"run": "2", "strategy": "multiworker", "workers": 4, "speed": 30.0, "batch.total": 128},
    {"run": "10", "strategy": "tpu", "workers": 2, "speed": float("nan"), "batch.total": None},
]
COLUMNS = ["run", "strategy", "workers", "speed", "batch.total"]


def chosen(text: str) -> list[str]:
    meant = condition(text, COLUMNS)
    return [row["run"] for row in ROWS if meant(row)]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("workers > 1", ["1", "2", "10"]),
        ("strategy == mirrored", ["0", "1"]),
        ("strategy == 'mirrored' and workers >= 4", ["1"]),
        ("strategy in [mirrored, tpu] and not workers == 4", ["0", "10"]),
        ("strategy not in ('mirrored',)", ["2", "10"]),
        ("'multi' in strategy", ["2"]),
        ("batch.total > 32 or workers == 2", ["1", "2", "10"]),
        ("speed / workers >= 7.5", ["0", "2"]),
        ("-speed < -10", ["2"]),
        ("1 < workers <= 4", ["1", "2", "10"]),
        ("speed > 0 or speed <= 0", ["0", "2"]),
        ("speed == none", ["1", "10"]),
        ("speed != None", ["0", "2"]),
        ("speed / (workers - 1) > 1", ["2"]),
        ("strategy != mirrored", ["2", "10"]),
        ("batch.total != 128", ["0"]),
        ("speed", ["0", "2"]),
    ],
)
def test_an_expression_chooses_rows(text: str, runs: list[str]) -> None:
    assert chosen(text) == runs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers = 2", "where=workers = 2: doesn't parse (equal is ==); write such as where="),
        ("workers >", "where=workers >: doesn't parse; write"),
        ("", "where=: doesn't parse"),
        ("wrkers > 2", "where=wrkers: no run here has such a column; did you mean workers?"),
        ("zzz > 2", "where=zzz: no run here has such a column; give one such as"),
        ("strategy > 3", "where=strategy > 3: 'mirrored' and 3 can't be put in order"),
        ("strategy * 2 == 1", "only numbers can be reckoned with"),
        ("workers ** 9 > 1", "workers ** 9 can't be asked"),
        ("run.__class__.__mro__", "where=run.__class__.__mro__: no run here has such a column"),
        ("__import__('os').system('true')", "can't be asked"),
        ("[x for x in run]", "can't be asked"),
        ("(lambda: 1)()", "can't be asked"),
        ("strategy[0] == 'm'", "can't be asked"),
        ("(" * 5000 + "1" + ")" * 5000, "doesn't parse"),
        ("not " * 5000 + "1", "doesn't parse"),
        ("workers > 1\x00", "doesn't parse"),
    ],
)
def test_what_can_not_be_asked_is_one_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        chosen(text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


@given(st.text(alphabet="workersSpd=<>!()[]'\"0123456789.,+-*/ \\\nandort", max_size=30))
@example("10 ** 10 ** 10")
@example("1 / 0 == workers")
@example("workers * 1e308 * 1e308 > 1")
def test_any_text_chooses_or_is_refused(text: str) -> None:
    with suppress(UserError):
        assert set(chosen(text)) <= {row["run"] for row in ROWS}


@pytest.mark.parametrize(
    ("keys", "runs"),
    [
        ("speed", ["0", "2", "1", "10"]),
        ("-speed", ["2", "0", "1", "10"]),
        ("run", ["0", "1", "2", "10"]),
        ("-workers,strategy", ["1", "2", "10", "0"]),
        ("strategy, -workers", ["1", "0", "2", "10"]),
    ],
)
def test_rows_come_in_order_and_missing_ones_last(keys: str, runs: list[str]) -> None:
    assert [row["run"] for row in in_order(ROWS, keys, COLUMNS)] == runs


def test_an_unknown_key_of_an_order_is_named() -> None:
    with pytest.raises(UserError, match=r"sort=sped: .* did you mean speed\?"):
        in_order(ROWS, "workers,sped", COLUMNS)
