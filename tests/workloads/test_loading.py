"""What a dotted name leads to, and the one line where it leads nowhere."""

import pytest

from benchmarks.workloads import load_workload
from results.errors import UserError

HERE = __name__
NOT_CALLABLE = 3


def as_dict(width: int = 3, depth: int = 1) -> dict:
    quality = {"name": "q", "direction": "higher", "score": width}
    return {"model": 1, "optimizer": 2, "loss": depth, "quality": quality}


def raising() -> None:
    raise RuntimeError("two\nlines")


def needing(width: int) -> None:
    """Has a parameter without a default."""


class Factory:
    """Holds a workload's callable, as a class may."""

    @staticmethod
    def make() -> dict:
        return as_dict()


def test_dict_becomes_an_object() -> None:
    workload = load_workload(f"{HERE}.as_dict", {"width": 7})
    assert (workload.model, workload.quality.score) == (1, 7)


def test_callable_may_lie_in_a_class() -> None:
    assert load_workload(f"{HERE}.Factory.make", {}).optimizer == 2


@pytest.mark.parametrize(
    ("target", "parameters", "message"),
    [
        ("nowhere_at_all.f", {}, "no module nowhere_at_all"),
        (f"{HERE}.nothing.f", {}, f"no module {HERE}.nothing"),
        (f"{HERE}.as_dct", {}, f"did you mean {HERE}.as_dict"),
        (f"{HERE}.NOT_CALLABLE", {}, "is int, which can't be called"),
        ("word", {}, "give package.module.name"),
        (f"{HERE}.as_dict", {"widht": 3}, r"workload\.parameters\.widht=3: .*did you mean width"),
        (f"{HERE}.as_dict", {"zzz": 3}, "it takes width, depth"),
        (f"{HERE}.needing", {}, r"workload\.parameters\.width: .* needs it"),
        (f"{HERE}.raising", {}, "raised RuntimeError: two lines"),
        ("tests.workloads.broken_module.f", {}, "raised ZeroDivisionError"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(target: str, parameters: dict, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        load_workload(target, parameters)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("workload.")
