"""One HTML page about a run or a sweep, that stands alone; its plots also as files beside it."""

from pathlib import Path

from results.errors import UserError
from results.groups import grouped
from results.loading import UNREADABLE, Run, is_single, read_runs
from results.report.drawing import Plot
from results.run_folder import now, replace_file

REPORT = "report.html"
PLOTS = "plots"

_TEMPLATES = Path(__file__).parent.parent / "templates"
_MOST_WORKLOADS = 6


def write_report(folder: Path) -> Path:
    """Write the report on the run or sweep in `folder` into it; returns the page's path.

    Only reads what the run folders hold. Raises UserError where there is no run, or where a single
    run can't be read, OSError where the page can't be written.
    """
    runs = read_runs(folder)
    single = is_single(folder)
    if single and runs[0].state == UNREADABLE:
        raise UserError(str(runs[0].reason))
    plots = _plots_of_run(runs[0]) if single else _plots_of_sweep(runs)
    page = _page(folder, runs, single, plots)
    for plot in plots:
        replace_file(folder / PLOTS / f"{plot.name}.svg", plot.file())
    replace_file(folder / REPORT, page)
    return folder / REPORT


def _page(folder: Path, runs: list[Run], single: bool, plots: list[Plot]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from results.report import tables, words

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    common = under = tables.in_common(runs)
    if single:
        headline = words.headline_of_run(runs[0])
        figures = tables.key_figures(runs[0])
    else:
        groups = grouped(runs)
        headline = words.headline_of_sweep(runs, groups)
        figures = tables.key_figures_of_sweep(runs)
        repeats = words.repeats(groups)
        under = f"{words.counts(runs)} In common: {common or 'nothing'}.{repeats}"
    head, rows = tables.run_table(runs, single)
    return environment.get_template("report.html").render(
        kind="run" if single else "sweep",
        name=folder.resolve().name,
        written=now()[:16].replace("T", " ") + " UTC",
        headline=headline,
        under=under,
        figures=figures,
        head=head,
        rows=rows,
        plots=plots,
        failures=tables.failures(runs),
        machine=tables.machine(runs),
        method=tables.method(runs),
    )


def _plots_of_run(run: Run) -> list[Plot]:
    from results.report import plots_of_runs, plots_of_tasks

    of = plots_of_tasks.timeline(run)
    alone = grouped([run])
    found = [
        plots_of_tasks.throughput_over_time(of, int(run.value("warmup_steps") or 0)),
        plots_of_tasks.loss_of_run(of),
        plots_of_runs.time_to_first_step(alone),
        plots_of_runs.step_time(alone),
        plots_of_tasks.cpu(of),
        plots_of_tasks.memory(of),
    ]
    return [plot for plot in found if plot is not None]


def _plots_of_sweep(runs: list[Run]) -> list[Plot]:
    from results.report import plots_of_runs, plots_of_tasks

    groups = grouped(runs)
    workloads = list(dict.fromkeys(group.workload for group in groups))[:_MOST_WORKLOADS]
    by_workload = {name: [each for each in groups if each.workload == name] for name in workloads}
    found = [plots_of_runs.throughput(of, name) for name, of in by_workload.items()]
    found += [plots_of_runs.time_to_first_step(groups), plots_of_runs.step_time(groups)]
    found += [plots_of_tasks.loss_of_runs(of, name) for name, of in by_workload.items()]
    measured = [group for group in groups if group.median("examples_per_second") is not None]
    if measured:
        fastest = max(measured, key=lambda group: group.median("examples_per_second") or 0)
        of = plots_of_tasks.timeline(fastest.runs[0])
        found += [plots_of_tasks.cpu(of, fastest.label), plots_of_tasks.memory(of, fastest.label)]
    return [plot for plot in found if plot is not None]
