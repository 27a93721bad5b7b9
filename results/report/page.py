"""The report as one HTML page that needs nothing but itself and runs nothing but its own script."""

import base64
import hashlib
from pathlib import Path

from results.report import (
    all_runs,
    hosts,
    profile_of_run,
    scaling_of_sweep,
    tables,
    target_of_sweep,
    usage,
)
from results.report.content import Content
from results.report.data import downloads
from results.report.failures import failures, refusals
from results.report.plots_of_plan import plan_sentences
from results.report.ranking import ranking_table
from results.run_folder import now

_TEMPLATES = Path(__file__).parent.parent / "templates"
_MOST_RANKED = 30


def page(content: Content) -> str:
    """The page. All text is escaped; only drawn plots and the runs' data are markup.

    The page's own policy lets a browser run the one script of this package, known by its hash, and
    load nothing: text that slipped through unescaped would still be dead.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    runs = content.runs
    told, more_failures = failures(runs)
    rankings = [(name, *ranking_table(of)) for name, of in content.rankings.items()]
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return environment.get_template("report.html").render(
        kind="run" if content.single else "sweep",
        name=content.folder.resolve().name,
        written=now()[:16].replace("T", " ") + " UTC",
        content=content,
        rankings=[
            (name, head, rows[:_MOST_RANKED], max(0, len(rows) - _MOST_RANKED))
            for name, head, rows in rankings
        ],
        table=all_runs.run_table(runs, content.single),
        usage=usage.usage_table(content.ordered_groups),
        scaling_head=scaling_of_sweep.HEAD,
        scaling=scaling_of_sweep.scaling_shown(content.scaling),
        target_title=target_of_sweep.title_of(content.target) if content.target else "",
        target_head=target_of_sweep.head_of(content.target),
        target_rows=target_of_sweep.rows_of(content.target),
        target_says=target_of_sweep.says_of(content.target),
        plan=plan_sentences(content.plan),
        profile_head=profile_of_run.HEAD,
        profiles=profile_of_run.profiles(runs, content.single),
        failures=told,
        more_failures=more_failures,
        refusals=[] if content.single else refusals(runs),
        machine=tables.machine(runs),
        hosts_head=hosts.HEAD,
        hosts=hosts.host_table(runs),
        method=tables.method(runs),
        downloads=downloads(runs),
        script=script,
        script_hash=f"sha256-{digest}",
    )
