"""Values of environment variables: given to a configuration where they may be written down."""

import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from launcher.hydra_errors import HYDRA_ERRORS, as_user_error
from launcher.variables import WRITTEN, as_typed
from tests.launcher.command_line import REPOSITORY, launch
from tests.runs import experiment

SECRET = "xyzzy-7f3a"


def refusal(word: str) -> str:
    with pytest.raises(HYDRA_ERRORS) as refused:
        experiment(word)
    return str(as_user_error(refused.value, [word]))


@pytest.mark.parametrize("name", WRITTEN)
def test_values_of_listed_variables_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "17")
    assert experiment(f"seed=${{oc.env:{name}}}").seed == 17


def test_readme_lists_them() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    listed = readme.partition("gets the values of these alone: ")[2].partition(". Any other")[0]
    assert tuple(re.findall(r"`(\w+)`", listed)) == WRITTEN


def test_default_stands_for_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCRATCH", raising=False)
    found = experiment("cache_folder=${oc.env:SCRATCH,/tmp}/mine")
    assert found.cache_folder == "/tmp/mine"
    assert experiment("checkpoint.restore=${oc.env:SCRATCH,null}").checkpoint.restore is None


@pytest.mark.parametrize(
    "word",
    [
        "+workload.parameters.x=${oc.env:API_KEY}",
        "+workload.parameters.x=${oc.env:API_KEY,none}",
        "+workload.parameters.x=https://${oc.env:API_KEY}@host",
        "+workload.parameters.x='${oc.decode:${oc.env:API_KEY}}'",
        "+workload.parameters.x=[1,'${oc.env:API_KEY}']",
        "+workload.parameters.x={a:{b:'${oc.env:API_KEY}'}}",
        "cache_folder=/tmp/${oc.env:API_KEY}",
    ],
)
def test_a_value_that_may_be_secret_is_refused_in_a_line_that_does_not_tell_it(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", SECRET)
    line = refusal(word)
    assert line.startswith(f"{word}: the value of API_KEY would be written")
    assert "os.environ" in line
    assert SECRET not in line
    assert "\n" not in line


@pytest.mark.parametrize("word", ["engine.index=${oc.env:NOPE}", "seed=1${oc.env:NOPE}"])
def test_a_variable_that_is_not_set_is_named_with_its_key(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOPE", raising=False)
    assert refusal(word) == (
        f"{word}: the environment variable NOPE isn't set; set it, or give the value itself"
    )


def test_words_of_the_command_line_are_kept_as_they_were_typed() -> None:
    words = ["seed=1", "+workload.parameters.x=${oc.env:API_KEY}"]
    assert as_typed(OmegaConf.create(words)) == words


@pytest.mark.ci
@pytest.mark.parametrize("more", [(), ("-m", "seed=1,2"), ("hydra.run.dir=${oc.env:API_KEY}/x",)])
def test_nothing_is_left_of_a_command_that_names_a_secret(
    more: tuple[str, ...], tmp_path: Path
) -> None:
    asked = "+workload.parameters.x=${oc.env:API_KEY}"
    ended = launch(tmp_path, asked, *more, API_KEY=SECRET)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "API_KEY would be written" in line
    assert SECRET not in line
    assert list(tmp_path.iterdir()) == []
