"""`compare` says what repeats show, and no more."""

import json
from pathlib import Path

import numpy as np
import pytest

from results import read_runs
from results.__main__ import main
from results.comparing import compare, read_together, sentence
from results.comparing.pairing import ROUNDS, TURNS, sides
from tests.results.flat_runs import write_flat_run, write_repeats, write_rounds

SLOW = [1000.0, 1012.0, 995.0, 1005.0, 1001.0, 990.0, 1008.0, 1003.0]
FAST = [1230.0, 1250.0, 1221.0, 1240.0, 1229.0, 1218.0, 1243.0, 1228.0]


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["compare", *words]) == code
    captured = capsys.readouterr()
    return captured.err if code == 2 else captured.out


def test_the_line_can_be_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    out = said(capsys, f"folder={tmp_path}", "by=strategy")
    assert out.splitlines() == [
        "multiworker, 2 workers: 1.230 × faster than mirrored (1.227 to 1.233)",
        "    8 pairs that ran in turn; could have shown a difference of 0.45%",
    ]


def test_the_base_can_be_chosen_and_slower_is_said_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    out = said(capsys, f"folder={tmp_path}", "by=strategy", "base=multiworker")
    assert out.startswith("mirrored, 2 workers: 1.230 × slower than multiworker (1.227 to 1.233)")


def test_equals_are_not_told_apart_and_what_it_would_take_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.array([9, -8, 6, -9, 8, -6, 9, -3])
    write_repeats(tmp_path, {"mirrored": SLOW, "tpu": [*(np.array(SLOW) + 2 + noise)]})
    out = said(capsys, f"folder={tmp_path}", "by=strategy")
    assert "tpu, 2 workers: no difference from mirrored shown (0.99" in out
    assert " more of each would settle the 0.2" in out


def test_below_five_repeats_there_is_no_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST[:4]})
    error = said(capsys, f"folder={tmp_path}", "by=strategy", code=2)
    assert "not compared with mirrored: 4 and 8 repeats, it takes 5 of each; give repeat=5" in error


def test_one_that_has_too_few_repeats_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST, "tpu": FAST[:2]})
    out = said(capsys, f"folder={tmp_path}", "by=strategy")
    assert "1.23" in out
    assert "tpu, 2 workers: not compared with mirrored: 2 and 8 repeats" in out
    assert "Holm" not in out


def test_many_comparisons_are_read_at_holm_s_levels(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    speeds = {name: [*(1000 + noise.normal(0, 20, 8))] for name in ("a", "b", "c", "d")}
    runs = {
        name: read_runs(write_repeats(tmp_path / name, {name: of})) for name, of in speeds.items()
    }
    alone = [compare(runs["a"], runs[name], "examples_per_second", "a", name) for name in "bcd"]
    together = read_together(alone)
    assert min(each.level for each in together) == pytest.approx(0.05 / 3)
    assert [each.level for each in read_together(alone, family=6)] == pytest.approx([0.05 / 6] * 3)
    for one, of_many in zip(alone, together, strict=True):
        assert of_many.interval[0] <= one.interval[0]


def test_runs_of_a_round_make_a_pair_whatever_their_times(tmp_path: Path) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST}, in_turn=False)
    write_rounds(tmp_path, {number: number % 8 for number in range(15)})
    runs = read_runs(tmp_path)
    found = sides(runs[:8], runs[8:], "examples_per_second")
    assert found.paired == ROUNDS
    assert (found.a, found.b) == (tuple(SLOW[:7]), tuple(FAST[:7]))


def test_several_runs_of_a_round_make_as_many_pairs(tmp_path: Path) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST}, in_turn=False)
    write_rounds(tmp_path, {number: number % 8 // 2 for number in range(16)})
    runs = read_runs(tmp_path)
    found = sides(runs[:8], runs[8:], "examples_per_second")
    assert (found.paired, len(found.a)) == (ROUNDS, 8)


def test_rounds_of_different_sweeps_make_no_pairs(tmp_path: Path) -> None:
    for name, speeds in (("a", SLOW), ("b", FAST)):
        write_repeats(tmp_path / name, {"mirrored": speeds}, in_turn=False)
        write_rounds(tmp_path / name, {number: number for number in range(8)})
    ours, theirs = read_runs(tmp_path / "a"), read_runs(tmp_path / "b")
    assert sides(ours, theirs[:7], "examples_per_second").paired is None


def test_runs_in_turn_make_pairs_and_runs_one_after_the_other_do_not(tmp_path: Path) -> None:
    turns = read_runs(write_repeats(tmp_path / "turns", {"x": SLOW, "y": FAST}))
    after = read_runs(write_repeats(tmp_path / "after", {"x": SLOW, "y": FAST}, in_turn=False))
    assert sides(turns[:8], turns[8:], "examples_per_second").paired == TURNS
    assert sides(after[:8], after[8:], "examples_per_second").paired is None
    assert sides(turns[:8], turns[8:15], "examples_per_second").paired is None


def test_pairs_see_through_a_drift_that_unpaired_repeats_drown_in(tmp_path: Path) -> None:
    drift = np.linspace(1, 1.5, 8)
    slow, fast = [*(np.array(SLOW) * drift)], [*(np.array(SLOW) * drift * 1.03)]
    turns = read_runs(write_repeats(tmp_path / "turns", {"x": fast, "y": slow}))
    after = read_runs(write_repeats(tmp_path / "after", {"x": fast, "y": slow}, in_turn=False))
    paired, unpaired = (
        compare(of[:8], of[8:], "examples_per_second", "x", "y") for of in (turns, after)
    )
    assert paired.shown
    assert paired.ratio == pytest.approx(1.03)
    assert not unpaired.shown


def two_folders(tmp_path: Path, **b: object) -> tuple[str, str]:
    for number, (slow, fast) in enumerate(zip(SLOW, FAST, strict=True)):
        write_flat_run(tmp_path / "a" / str(number), fast, second=60 * number)
        write_flat_run(tmp_path / "b" / str(number), slow, second=60 * number + 9, **b)  # type: ignore[arg-type]
    return f"a={tmp_path}/a", f"b={tmp_path}/b"


def test_the_same_configuration_in_two_folders_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(capsys, *two_folders(tmp_path))
    assert out.startswith(f"mirrored, 2 workers: 1.230 × faster than in {tmp_path}/b (1.22")


def test_two_folders_with_one_configuration_each_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(capsys, *two_folders(tmp_path, overrides=("pipeline.cache=memory",)))
    assert "mirrored, 2 workers, pipeline.cache=default: 1.230 × faster than" in out
    assert "than mirrored, 2 workers, pipeline.cache=memory" in out


def test_different_environments_are_named_and_need_anyway(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = two_folders(tmp_path, environment={"cpu_model": "Xeon", "memory_bytes": 24_100_000_000})
    error = said(capsys, *words, code=2)
    assert "different environments: cpu_model: AMD EPYC 7R13 and Xeon; that may" in error
    assert "memory" not in error
    out = said(capsys, *words, "anyway=true")
    assert "1.230 × faster" in out
    assert "Different environments: cpu_model: AMD EPYC 7R13 and Xeon." in out


def test_another_revision_of_this_program_is_named_and_no_obstacle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(capsys, *two_folders(tmp_path, environment={"git_revision": "fedcba987654"}))
    assert "Different versions: git_revision: 0123456789ab and fedcba987654." in out


@pytest.mark.parametrize(
    ("share", "code"), [("5%", 1), ("0.18", 1), ("19%", 0), ("50%", 0)], ids=lambda each: str(each)
)
def test_slower_than_allowed_is_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], share: str, code: int
) -> None:
    write_repeats(tmp_path, {"multiworker": FAST, "mirrored": SLOW})
    out = said(capsys, f"folder={tmp_path}", "by=strategy", f"fail_if_slower={share}", code=code)
    assert ("fail_if_slower: mirrored, 2 workers is 19% slower" in out) == (code == 1)


def test_faster_is_never_slower_than_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    said(capsys, f"folder={tmp_path}", "by=strategy", "fail_if_slower=5%", code=0)


def test_more_seconds_are_slower(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_repeats(tmp_path, {"multiworker": FAST, "mirrored": SLOW})
    words = (f"folder={tmp_path}", "by=strategy", "metric=total_seconds", "fail_if_slower=5%")
    out = said(capsys, *words, code=1)
    assert "mirrored, 2 workers: 1.230 × the total_seconds of multiworker (1.227 to 1.233)" in out
    assert "is 23% worse in total_seconds" in out


def test_repeats_that_could_not_show_the_limit_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = [900.0, 1210.0, 870.0, 1105.0, 1300.0]
    write_repeats(tmp_path, {"mirrored": SLOW[:5], "multiworker": wild})
    out = said(capsys, f"folder={tmp_path}", "by=strategy", "fail_if_slower=5%")
    assert "fail_if_slower: multiworker, 2 workers has too few repeats to show 5%" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "a=: missing; give a=… and b=…, or folder=… and by=strategy"),
        (["a={0}"], "b=: missing; give a run's or a sweep's folder, to compare a with"),
        (["folder={0}"], "by=: missing; give the key whose values are compared"),
        (["a={0}", "folder={0}"], "folder={0}: give either a and b, or folder and by"),
        (["a={0}", "b={0}"], "b={0}: the same folder as a; to compare what lies in it"),
        (["a={0}", "b={0}/x"], "b={0}/x: no such folder"),
        (["a={0}", "b={0}/0", "base=x"], "base=x: is for folder and by"),
        (["folder={0}", "by=seed"], "by=seed: runs that differ in it are repeats"),
        (["folder={0}", "by=stratgy"], "did you mean strategy?"),
        (["folder={0}", "by=workers"], "by=workers: is the same in all runs"),
        (["folder={0}", "by=strategy", "base=tpu"], "base=tpu: no run has strategy=tpu; give one"),
        (
            ["folder={0}", "by=strategy", "metric=spede"],
            "metric=spede: no run here has measured it",
        ),
        (["folder={0}", "by=strategy", "metric=total_second"], "did you mean total_seconds?"),
        (["folder={0}", "by=strategy", "metric=read_bytes"], "is 0 in every run, and has no ratio"),
        (["folder={0}", "by=strategy", "fail_if_slower=fast"], "give a share such as 5% or 0.05"),
        (["folder={0}", "by=strategy", "fail_if_slower=500%"], "give a share such as 5% or 0.05"),
        (["folder={0}", "by=strategy", "anyway=perhaps"], "anyway=perhaps: give true or false"),
        (["folder={0}", "by=strategy", "where=workers > 9"], "none of its runs that where=workers"),
        (
            ["folder={0}", "by=strategy", "metric=workers", "fail_if_slower=5%"],
            "metric=workers: neither more nor less of it is better",
        ),
    ],
)
def test_a_wrong_word_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    error = said(capsys, *(word.format(tmp_path) for word in words), code=2)
    assert told.format(tmp_path) in error
    assert error.count("\n") == 1


def test_folders_that_ran_nothing_in_common_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_repeats(tmp_path / "a", {"mirrored": SLOW, "multiworker": FAST})
    write_repeats(tmp_path / "b", {"tpu": SLOW})
    error = said(capsys, f"a={tmp_path}/a", f"b={tmp_path}/b", code=2)
    assert "ran nothing that a=" in error
    assert "mirrored × 2; multiworker × 2 there, tpu × 2 here" in error


def test_runs_that_are_not_done_count_for_nothing(tmp_path: Path) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    status = tmp_path / "3" / "status.json"
    status.write_text(json.dumps({"state": "failed", "reason": "x"}))
    runs = [run for run in read_runs(tmp_path) if run.state == "done"]
    assert len(runs) == 15
    found = compare(runs[:7], runs[7:], "examples_per_second", "x", "y")
    assert "slower than y" in sentence(found)


def test_runs_that_began_on_a_busy_machine_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    write_rounds(tmp_path, {number: number % 8 for number in range(16)}, busy_share=0.4)
    out = said(capsys, f"folder={tmp_path}", "by=strategy")
    assert "8 pairs of the sweep's rounds; could have" in out
    assert "1 of 16 runs began on a machine busy otherwise." in out


def test_hostile_names_reach_the_terminal_as_plain_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[2Jmirrored\n\u202e" + "x" * 100_000
    write_repeats(tmp_path, {evil: SLOW, "multiworker": FAST})
    out = said(capsys, f"folder={tmp_path}", "by=strategy")
    error = said(capsys, f"folder={tmp_path}", "by=strategy", "base=tpu", code=2)
    for text in (out, error):
        assert not {"\x1b", "\u202e"} & set(text)
    assert len(out.splitlines()) == 2
    assert len(out) < 1000
    assert error.count("\n") == 1
