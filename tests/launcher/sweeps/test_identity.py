"""What may not change while a sweep goes on is named as a person types it."""

from typing import Any

from launcher.sweeps.identity import changes


def identity(**parts: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "words": {"workers": "1,2", "until.steps": "20"},
        "common": {"until.steps": 20, "pipeline.shuffle": 10000, "deterministic": False},
        "cells": [{"workers": 1}, {"workers": 2}],
        "versions": {"packages.tensorflow": "2.21.0", "cores": 2},
    }
    return {name: usual[name] | parts.get(name, {}) for name in ("words", "common", "versions")} | {
        "cells": parts.get("cells", usual["cells"])
    }


def test_nothing_is_named_where_all_is_as_it_was():
    assert changes(identity(), identity()) == []


def test_key_is_named_once_with_what_it_was():
    now = identity(words={"until.steps": "30"}, common={"until.steps": 30})
    assert changes(identity(), now) == ["until.steps=30 (was 20)"]


def test_what_a_file_of_the_configuration_changed_is_named_too():
    now = identity(common={"deterministic": True})
    assert changes(identity(), now) == ["deterministic=true (was false)"]


def test_value_of_one_run_only_is_named():
    now = identity(cells=[{"workers": 1}, {"workers": 2, "batch.total": None}])
    assert changes(identity(), now) == ["batch.total=null (was not given)"]


def test_versions_and_machine_are_part_of_it():
    now = identity(versions={"packages.tensorflow": "2.22.0", "cores": 4})
    assert changes(identity(), now) == [
        "packages.tensorflow=2.22.0 (was 2.21.0)",
        "cores=4 (was 2)",
    ]


def test_word_that_was_left_out_is_named():
    before, now = identity(words={"seed": "1,2"}), identity()
    assert changes(before, now) == ["seed left out (was 1,2)"]
