"""The summary of the demo: what the service counted."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from matcher.cli.alert_table import by_severity
from matcher.metrics import (
    BATCH_DURATION,
    EVENTS,
    MATCHED_EVENTS,
    RECORDS_CONSUMED,
    REJECTS,
    SKIPPED,
    Metric,
)
from matcher.service.exposition import Exposition


def show_summary(
    console: Console,
    exposition: Exposition,
    *,
    replayed: int,
    not_replayed: int,
    alerts: Mapping[str, int],
    seconds: float,
) -> None:
    """Print the summary. ``alerts`` are those that were printed, by severity. ``seconds`` is the
    time from the first write until all records were committed; 0 if that did not happen.
    """
    events = _total(exposition, EVENTS)
    table = Table(title="\nSummary", title_justify="left", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("records replayed", f"{replayed:,}")
    if not_replayed:
        table.add_row("units not replayed: unreadable, or too large", f"{not_replayed:,}")
    table.add_row("records read", f"{_total(exposition, RECORDS_CONSUMED):,}")
    table.add_row("[bold]events", f"[bold]{events:,}")
    _parts(table, exposition, EVENTS)
    table.add_row("[bold]events matched", f"[bold]{_total(exposition, MATCHED_EVENTS):,}")
    table.add_row("[bold]alerts", f"[bold]{sum(alerts.values()):,}")
    for severity in by_severity(alerts):
        table.add_row(f"  [dim]{severity}", f"[dim]{alerts[severity]:,}")
    table.add_row("rejected, to the dead-letter topic", f"{_total(exposition, REJECTS):,}")
    _parts(table, exposition, REJECTS)
    table.add_row("skipped, no audit events", f"{_total(exposition, SKIPPED):,}")
    _parts(table, exposition, SKIPPED)
    if seconds:
        table.add_row("events a second, written to committed", f"{events / seconds:,.0f}")
    if matching := exposition.totals(BATCH_DURATION).get(("match",)):
        table.add_row("events a second, matching alone", f"{events / matching:,.0f}")
    console.print(table)


def _total(exposition: Exposition, metric: Metric) -> int:
    return int(sum(exposition.totals(metric).values()))


def _parts(table: Table, exposition: Exposition, metric: Metric) -> None:
    for (name,), number in sorted(exposition.totals(metric).items()):
        if number:
            table.add_row(f"  [dim]{name}", f"[dim]{int(number):,}")
