"""When a run is isolated, why not, and what is said of it."""

import dataclasses

import pytest

from launcher import isolation
from launcher.engines import Isolation
from launcher.errors import NotApplicable
from launcher.schema import EmulateSettings, NetworkSettings
from results.errors import UserError
from tests.runs import experiment

ISOLATED = Isolation("namespace")
FORBIDDEN = Isolation("none", "this system forbids namespaces (unshare: Operation not permitted)")


def test_run_that_asks_for_nothing_elsewhere_is_isolated():
    asked = experiment("strategy=multiworker", "workers=2")
    assert isolation.is_wanted(asked)
    assert isolation.settled(asked, ISOLATED) == ISOLATED
    assert isolation.warning(ISOLATED, ["127.0.0.1:10000"]) is None


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("+source.parameters.data_dir=gs://bucket/data", "source.parameters.data_dir=gs://bucket"),
        ("+workload.parameters.weights=https://host/w", "workload.parameters.weights=https://host"),
        ("workload.network=true", "workload=digits_mlp says that it needs the network"),
        ("source.network=true", "source=digits says that it needs the network"),
    ],
)
def test_run_that_needs_other_machines_is_not_and_says_why(word, said):
    asked = experiment("strategy=multiworker", "workers=2", word)
    assert not isolation.is_wanted(asked)
    settled = isolation.settled(asked, Isolation("none"))
    assert said in settled.why
    line = isolation.warning(settled, ["127.0.0.1:10000", "127.0.0.1:10007"])
    assert said in line
    assert "10000, 10007" in line
    with pytest.raises(NotApplicable, match=r"isolation=namespace: .*give isolation=none"):
        experiment("strategy=multiworker", "workers=2", word, "isolation=namespace")


def test_emulated_network_without_isolation_is_refused_in_a_line():
    emulate = EmulateSettings(network=NetworkSettings(mbit_per_second=50.0))
    asked = dataclasses.replace(experiment(), emulate=emulate)
    with pytest.raises(UserError, match=r"^emulate\.network\.mbit_per_second=50: .* forbids name"):
        isolation.settled(asked, FORBIDDEN)


def test_isolation_that_is_insisted_on_and_forbidden_is_refused_in_a_line():
    asked = experiment("isolation=namespace")
    with pytest.raises(UserError, match=r"isolation=namespace: this system forbids namespaces"):
        isolation.settled(asked, FORBIDDEN)


def test_system_that_forbids_it_is_said_in_a_line_with_the_open_ports():
    asked = experiment("strategy=multiworker", "workers=2")
    settled = isolation.settled(asked, FORBIDDEN)
    assert "forbids namespaces" in isolation.warning(settled, ["127.0.0.1:10000"])
    two = ["127.0.0.1:10000", "127.0.0.1:10001"]
    assert "reaches this machine's ports 10000, 10001 can" in isolation.warning(settled, two)
    assert isolation.warning(settled, []) is None


def test_none_is_a_choice():
    asked = experiment("isolation=none")
    assert not isolation.is_wanted(asked)
    assert isolation.settled(asked, Isolation("none")).why == "isolation=none was asked for"
