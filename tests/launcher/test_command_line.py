"""What Hydra users expect of the command line, and what they are shown."""

import json
import re
from pathlib import Path

import pytest
import yaml

from launcher import groups, schema
from tests.launcher.command_line import distribute_bench, launch


def test_help_begins_with_what_it_is_for_and_names_every_key(tmp_path: Path) -> None:
    ended = launch(tmp_path, "--help")
    assert ended.returncode == 0
    text = ended.stdout
    assert text.index("What for:") < text.index("Keys")
    for key in schema.known_keys():
        assert re.search(rf"^  {re.escape(key)}(=|\s|$)", text, re.MULTILINE), key
    for group in groups.GROUPS:
        for member in groups.members(group):
            assert f"\n  {member}" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_every_member_of_a_group_says_what_it_is() -> None:
    for group in groups.GROUPS:
        for member in groups.members(group):
            assert groups.meaning(group, member), f"{group}/{member}.yaml opens with no comment"


def test_cfg_job_prints_the_configuration_that_was_asked_for(tmp_path: Path) -> None:
    ended = launch(tmp_path, "--cfg", "job", "strategy=multiworker", "workers=4")
    assert ended.returncode == 0, ended.stderr
    shown = yaml.safe_load(ended.stdout)
    assert shown["strategy"]["name"] == "multiworker"
    assert shown["workers"] == 4
    assert shown["source"]["name"] == "digits"
    assert list(tmp_path.iterdir()) == []


def test_info_works_as_hydra_users_expect(tmp_path: Path) -> None:
    ended = launch(tmp_path, "--info", "searchpath")
    assert ended.returncode == 0, ended.stderr
    assert "launcher/conf" in ended.stdout


def test_own_source_of_a_person_wins_over_the_usual_one_of_the_workload(tmp_path: Path) -> None:
    ended = launch(tmp_path, "--cfg", "job", "source=jpeg_records", "source.parameters.size=32")
    assert yaml.safe_load(ended.stdout)["source"]["parameters"]["size"] == 32


def test_own_workload_is_found_in_a_folder_of_configuration(tmp_path: Path) -> None:
    mine = tmp_path / "conf" / "workload" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("name: mine\n_target_: results.errors.nearest\n")
    ended = launch(
        tmp_path, "--config-dir", "conf", "workload=mine", "source=synthetic", "dry_run=true"
    )
    assert ended.returncode == 0, ended.stderr
    assert "workload=mine source=synthetic" in ended.stdout


def test_dry_run_prints_every_task_and_leaves_nothing(tmp_path: Path) -> None:
    words = ("strategy=parameter_server", "workers=2", "ps=2", "engine.first_port=20000")
    ended = launch(tmp_path, *words, "dry_run=true")
    assert ended.returncode == 0, ended.stderr
    assert max(len(line) for line in ended.stdout.splitlines()) <= 80
    for index, task in enumerate(("chief-0", "worker-0", "worker-1", "ps-0", "ps-1")):
        assert re.search(rf"^{task} +127\.0\.0\.1:{20000 + index} ", ended.stdout, re.MULTILINE)
    assert _configs(ended.stdout)["ps-1"]["task"] == {"type": "ps", "index": 1}
    assert list(tmp_path.iterdir()) == []


def test_dry_run_of_a_sweep_shows_each_run_and_why_others_make_no_sense(tmp_path: Path) -> None:
    ended = launch(tmp_path, "strategy=one_device,mirrored", "-m", "workers=1,2", "dry_run=true")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("TF_CONFIG") == 3
    assert "not applicable: workers=2: strategy=one_device takes 1 only" in ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("study", "plans"), [("overnight", 10), ("scaling", 3), ("target", 10)])
def test_ready_study_is_a_sweep_by_itself(study: str, plans: int, tmp_path: Path) -> None:
    ended = launch(tmp_path, f"experiment={study}", "workers=1", "dry_run=true")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("TF_CONFIG") == plans


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("distribute-bench run strategy=m", {"strategy=mirrored", "strategy=multiworker"}),
        ("distribute-bench strategy=m", {"strategy=mirrored", "strategy=multiworker"}),
        ("distribute-bench run until.", {"until.steps=", "until.quality="}),
        ("distribute-bench re", {"results"}),
        ("distribute-bench results f", set()),
    ],
)
def test_tab_completes(line: str, offered: set[str], tmp_path: Path) -> None:
    ended = distribute_bench(
        tmp_path, "-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line))
    )
    assert ended.returncode == 0, ended.stderr
    assert offered <= set(ended.stdout.split())
    assert offered or not ended.stdout.strip()


def test_completion_is_installed_for_the_command(tmp_path: Path) -> None:
    ended = distribute_bench(tmp_path, "-sc", "install=bash")
    assert "hydra_bash_completion distribute-bench" in ended.stdout


@pytest.mark.parametrize("words", [("run", "dry_run=true"), ("dry_run=true",)])
def test_installed_command_runs_with_and_without_the_word(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    assert "chief-0" in distribute_bench(tmp_path, *words).stdout


def test_installed_command_opens_the_doors_of_other_rooms(tmp_path: Path) -> None:
    ended = distribute_bench(tmp_path, "results", "list", "folder=nowhere")
    assert ended.returncode == 2
    assert "nowhere" in ended.stderr


def test_installed_command_knows_what_was_meant(tmp_path: Path) -> None:
    ended = distribute_bench(tmp_path, "result")
    assert ended.returncode == 2
    assert "did you mean results?" in ended.stderr


def test_folder_of_the_user_does_not_shadow_ours(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "__init__.py").write_text("raise SystemExit('theirs')\n")
    ended = launch(tmp_path, "dry_run=true")
    assert ended.returncode == 0, ended.stderr


def _configs(text: str) -> dict[str, dict[str, object]]:
    """TF_CONFIG by task, out of a table that folds long lines."""
    configs: dict[str, str] = {}
    task = ""
    for line in text[text.index("TF_CONFIG") :].splitlines()[1:]:
        name, _, rest = line.partition(" ")
        task = name or task
        configs[task] = configs.get(task, "") + " " + rest.strip()
    return {task: json.loads(told) for task, told in configs.items()}
