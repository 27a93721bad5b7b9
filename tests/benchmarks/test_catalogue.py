"""The catalogue: every row names its source; a person's rows win; a bad row is one clear line."""

from datetime import date
from pathlib import Path

import pytest

from benchmarks.catalogue import catalogue
from results.errors import UserError

ROW = "name: a, provider: own, published: 2026-11-25"


def own(folder: Path, text: str) -> Path:
    file = folder / "own.yaml"
    file.write_text(text)
    return file


def test_every_row_names_a_price_and_the_page_and_day_that_confirm_it() -> None:
    found = catalogue()
    assert len(found.instances) >= 12
    for row in found.instances.values():
        assert row.source.startswith("https://"), row
        assert row.published <= date(2026, 11, 25), row
        assert row.on_demand_usd_per_hour, row
        assert row.spot_usd_per_hour is None or row.spot_usd_per_hour < row.on_demand_usd_per_hour
        assert row.vcpus, row
    for device in found.accelerators.values():
        assert device.source.startswith("https://"), device
    counts = {row.accelerators for row in found.instances.values()}
    assert {0, 1, 8} <= counts
    assert any(str(row.accelerator).startswith("TPU") for row in found.instances.values())


def test_price_of_more_than_a_year_ago_is_old() -> None:
    row = catalogue().instances["v5litepod-8"]
    assert row.is_old(date(2026, 11, 25))
    assert not row.is_old(date(2025, 12, 23))
    assert row.is_old(date(2025, 12, 24))


def test_own_rows_are_added_and_replace_those_of_the_same_name(tmp_path: Path) -> None:
    text = f"""
accelerators: {{RTX: {{memory_gib: 24, source: the box}}}}
instances:
  - {{{ROW}, accelerator: RTX, accelerators: 2}}
  - {{name: c5.large, provider: aws, on_demand_usd_per_hour: 0.05, published: 2026-11-01}}
"""
    found = catalogue(own(tmp_path, text))
    assert found.instances["a"].devices == "2 × RTX"
    assert found.instances["a"].on_demand_usd_per_hour is None
    assert found.instances["c5.large"].on_demand_usd_per_hour == 0.05
    assert found.instances["c5.xlarge"] == catalogue().instances["c5.xlarge"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{ROW}, on_demand_usd_per_hour: -3", "on_demand_usd_per_hour=-3; write a number from"),
        (f"{ROW}, on_demand: 3", "on_demand has no unit; write on_demand_usd_per_hour"),
        (f"{ROW}, memory: 16", "memory has no unit; write memory_gib"),
        (f"{ROW}, on_demand_usd_per_hour: $3", "='$3'; write a number from 0 to 1,000,000, in USD"),
        (f"{ROW}, vcpus: 2.5", "vcpus=2.5; write a whole number"),
        (f"{ROW}, memory_gib: .nan", "memory_gib=nan; write a number"),
        (f"{ROW}, spot_usd_per_hour: {10**400}", "0…; write a number from 0 to"),
        (f"{ROW}, provder: own", "provder: no such field; did you mean provider?"),
        (f"{ROW}, accelerator: A100-80G, accelerators: 1", "did you mean A100-80GB?"),
        (f"{ROW}, accelerator: A100-80GB", "accelerators=0; write which and how many"),
        ("name: a, provider: own", "published is missing"),
        ("name: a, provider: own, published: soon", "published=soon; write a day such as"),
        ("name: a, provider: own, published: 2926-11-25", "published=2926-11-25; lies in the"),
        (f"{ROW}, spot_usd_per_hour: '3'", "spot_usd_per_hour='3'; write a number"),
        (f"{ROW}, region: [x]", "region=['x']; write a word"),
        (f"{ROW}, region: ''", "region=''; write a word"),
    ],
)
def test_bad_row_is_one_line_that_names_it_and_what_is_right(
    tmp_path: Path, row: str, said: str
) -> None:
    with pytest.raises(UserError) as raised:
        catalogue(own(tmp_path, f"instances:\n  - {{{row}}}\n"))
    message = str(raised.value)
    assert "instance a" in message
    assert said in message
    assert message.startswith("cost.catalogue=")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 3\n", "holds no rows"),
        ("instances: 3\n", "instances is no list"),
        ("rows: []\n", "rows: no such field"),
        ("instances: [3]\n", "number 1: no row of keys and values"),
        ("a: {\n", "no YAML"),
        ("instances: [{published: 2026-13-45}]\n", "no YAML .month must be in 1..12"),
        ("[" * 5000, "nested too deeply"),
        (f"instances: [{{{ROW}}}, {{{ROW}}}]\n", "there twice"),
        ("accelerators: {RTX: 3}\n", "accelerator RTX: no keys and values; write such as my_gpu"),
        ("accelerators: {RTX: {memory_gib: 3}}\n", "source is missing; write such as my_gpu"),
    ],
)
def test_file_that_holds_no_rows_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        catalogue(own(tmp_path, text))


def test_missing_file_and_unknown_name_are_told_with_what_is_right(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"No such file or directory; give a YAML file"):
        catalogue(tmp_path / "none.yaml")
    with pytest.raises(UserError, match=r"allow=p4d\.24xlarg: no such instance; did you mean p4d"):
        catalogue().named("allow", "p4d.24xlarg")
    with pytest.raises(UserError, match=r"machine=p4d: no such instance; did you mean p4d\."):
        catalogue().named("machine", "p4d")
