"""Pressure as the kernel tells it."""

from pathlib import Path

from benchmarks.pressure import stalled_seconds, stalled_shares


def test_totals_are_read_and_what_is_missing_is_absent(tmp_path: Path) -> None:
    some = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n"
    (tmp_path / "memory").write_text(f"{some}full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n")
    (tmp_path / "cpu").write_text(some)
    assert stalled_seconds(tmp_path) == {"cpu": 1.5, "memory": 1.5}


def test_shares_are_of_the_time_between_two_looks() -> None:
    assert stalled_shares({"cpu": 1.0}, {"cpu": 3.0, "io": 9.0}, 8.0) == {"cpu": 0.25}
    assert stalled_shares({"io": 0.0}, {"io": 8.1}, 8.0) == {"io": 1.0}
