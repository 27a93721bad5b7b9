"""The README holds its word: its commands compose, its example trains, its keys are all keys."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import groups, help, schema
from launcher.queued.files import ENDED, Asked, Start, write_asked, write_starts
from results.sweep_folder import DONE
from tests.launcher.command_line import REPOSITORY, launch, launch_here, study_pipeline
from tests.performance import readme_table
from tests.results.flat_runs import write_repeats
from tests.results.made_folders import Made, make_profile, make_run, make_sweep
from tests.results.made_journals import make_journal
from tests.runs import experiment

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
STEPS = 30
SPEEDS = [1000.0, 1010.0, 990.0, 1020.0, 1005.0]


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, continued lines joined."""
    found = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\\\n\s*", "", block) for block in found]


def commands(room: str) -> list[list[str]]:
    """The words after each `python -m <room>` of the README, in its blocks and its sentences."""
    text = re.sub(r"\\\n\s*", "", README)
    words = {"launcher": "run"}.get(room, room)
    lines = re.findall(rf"(?:python -m {room}|distribute-bench {words})\b([^`\n&|\"#]*)", text)
    return [list(words) for words in dict.fromkeys(tuple(shlex.split(line)) for line in lines)]


def python_block(word: str) -> str:
    (found,) = [block for block in blocks("python") if word in block]
    return found


def own_model(folder: Path) -> list[str]:
    """Writes the README's example into `folder`; the words of the command that trains it."""
    (folder / "my_package.py").write_text(python_block("def my_workload"))
    (words,) = [words for words in commands("launcher") if any("my_package" in w for w in words)]
    return words


def make_job(folder: Path) -> None:
    """A run that a job in a queue has done."""
    make_run(folder, Made())
    asked = experiment("engine=slurm", "strategy=multiworker", "workers=2")
    write_asked(folder, Asked(asked, (), job="4711"))
    write_starts(folder, [Start(began="2026-11-25T02:44:36+00:00", host="n1", then=ENDED)])


def keys_section() -> str:
    section = README[README.index("\n## Keys") :]
    return section[: section.index("\n## ", 1)]


def given(words: list[str], key: str) -> str | None:
    return next((word.partition("=")[2] for word in words if word.startswith(f"{key}=")), None)


@pytest.mark.parametrize("words", commands("launcher"), ids=" ".join)
def test_every_command_of_the_launcher_composes(words: list[str], tmp_path: Path) -> None:
    own_model(tmp_path)
    restored = given(words, "checkpoint.restore")
    if restored is not None:
        (tmp_path / restored).mkdir(parents=True)
    resumed = given(words, "resume")
    if resumed is not None:
        make_journal(tmp_path / resumed)
    if given(words, "attach") is not None:
        make_job(tmp_path / str(given(words, "attach")))
        assert launch(tmp_path, *words).returncode == 0
        return
    ended = launch_here(tmp_path, *words, *([] if "--help" in words else ["dry_run=true"]))
    told_as_wrong = ended.stderr.strip()
    if told_as_wrong:
        assert ended.returncode == 2
        assert told_as_wrong in README
    else:
        assert ended.returncode == 0


@pytest.mark.parametrize(
    "words", [words for words in commands("input_pipelines") if "…" not in words], ids=" ".join
)
def test_every_command_of_the_pipeline_composes(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "my_package.py").write_text("def my_dataset(): ...")
    ended = study_pipeline(tmp_path, *words, "dry_run=true")
    assert ended.returncode == 0, ended.stderr


def reading_commands() -> list[list[str]]:
    """Those that end by themselves: `tensorboard` has a test of its own."""
    return [words for words in commands("results") if words[0] != "tensorboard"]


@pytest.mark.parametrize("words", reading_commands(), ids=" ".join)
def test_every_command_of_results_reads_a_folder(words: list[str], tmp_path: Path) -> None:
    folders = [given(words[1:], key) for key in ("folder", "a", "b")]
    assert any(folders)
    for folder in filter(None, folders):
        if words[0] == "profile":
            make_profile(make_run(tmp_path / folder, Made()))
        elif words[0] == "compare":
            write_repeats(tmp_path / folder, {"mirrored": SPEEDS, "multiworker": SPEEDS[::-1]})
        elif words[0] == "watch":
            make_journal(tmp_path / folder, state=DONE)
        else:
            make_run(tmp_path / folder, Made())
    ended = subprocess.run(
        [sys.executable, "-m", "results", *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_frame_of_the_readme_is_what_results_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_sweep(tmp_path / "outputs")
    monkeypatch.chdir(tmp_path)
    exec(python_block("results.load"), {})
    assert "examples_per_second" in capsys.readouterr().out


def test_table_of_keys_is_that_of_the_help() -> None:
    told = re.findall(r"^\| `([^`]+)` \|", keys_section(), re.MULTILINE)
    page = help.text()
    listed = page[page.index("Keys, given") : page.index("\nstrategy=…:")]
    helped = re.findall(r"^  ([a-z_][\w.*]*)(?=[=\s]|$)", listed, re.MULTILINE)
    assert sorted(told) == sorted(helped)
    assert set(schema.known_keys()) <= set(told)


def test_values_in_the_table_of_keys_are_those_of_the_help() -> None:
    for key, (usual, _) in schema.known_keys().items():
        row = rf"^\| `{re.escape(key)}` \| ([^|]*)\|"
        (cell,) = re.findall(row, keys_section(), re.MULTILINE)
        if key in groups.GROUPS:
            usual = groups.usual_member(key)
        if usual is not None:
            shown = str(usual).lower() if isinstance(usual, bool) else str(usual)
            assert cell.strip() == f"`{shown}`", key


@pytest.mark.parametrize("group", ["strategy", "workload", "source"])
def test_every_member_of_a_group_has_its_row(group: str) -> None:
    for member in groups.members(group):
        assert re.search(rf"^\| `{member}`", README, re.MULTILINE), member


def test_links_and_pictures_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (REPOSITORY / target).is_file(), target


def test_own_model_is_an_example_of_less_than_thirty_lines() -> None:
    assert len(python_block("def my_workload").splitlines()) < 30


@pytest.mark.ci
def test_own_model_trains_and_is_served_by_another_process(tmp_path: Path) -> None:
    ended = launch(tmp_path, *own_model(tmp_path), f"until.steps={STEPS}")
    assert ended.returncode == 0, ended.stderr
    assert "my_package.my_workload" in ended.stdout
    (model,) = tmp_path.glob("outputs/*/*/model")
    script = python_block("saved_model.load")
    (shown,) = re.findall(r'load\("([^"]+)"\)', script)
    (tmp_path / shown).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(model, tmp_path / shown)
    served = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert served.returncode == 0, served.stderr
    assert "shape=(3, 2), dtype=float32" in served.stdout


@pytest.mark.ci
def test_what_one_run_prints_has_the_rows_of_the_readme(tmp_path: Path) -> None:
    words = ["strategy=multiworker", "workers=4"]
    assert words in commands("launcher")
    ended = launch(tmp_path, *words, f"until.steps={STEPS}", COLUMNS="80")
    assert ended.returncode == 0, ended.stderr
    head = re.compile(r"^([A-Z]\w+(?: \w+)?)  +", re.MULTILINE)
    (shown,) = [text for text in blocks("text") if text.startswith("Run  ") and "digits" in text]
    printed, told = (
        [row for row in head.findall(text) if row != "Note"]  # of a busy machine
        for text in (ended.stdout, shown)
    )
    assert printed == told


def test_figures_are_those_of_the_committed_results():
    assert f"{readme_table.BEGIN}\n{readme_table.table()}\n{readme_table.END}" in README
