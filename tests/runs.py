"""Real runs for tests and figures, started as the launcher starts them, one session for many."""

from pathlib import Path

from hydra import compose, initialize_config_dir

import launcher
from launcher import folders, schema, variables
from launcher.experiment import Experiment, resolve
from launcher.run import Outcome, run_one
from launcher.session import Session
from results.run_folder import RunFolder


def experiment(*overrides: str) -> Experiment:
    """What the command line `overrides` ask for."""
    schema.register()
    folders.register()
    variables.register()
    configuration = str(Path(launcher.__file__).parent / "conf")
    with initialize_config_dir(configuration, version_base="1.3"):
        composed = compose("config", overrides=list(overrides))
    return resolve(composed, list(overrides))


def run(session: Session, folder: Path, *overrides: str) -> tuple[Outcome, RunFolder]:
    """Runs it in `folder`, which is made; waits for no quiet, as other tests may run beside it."""
    folder.mkdir(parents=True)
    asked = experiment("quiet.seconds=0", *overrides)
    outcome = run_one(session, asked, folder, list(overrides))
    return outcome, RunFolder(folder)
