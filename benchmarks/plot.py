"""The headline costs as one picture: bars in a few panels, as SVG, readable in light and dark.

Text and rectangles of our own: a plotting library's SVG is larger than the page that shows it, and
has one colour scheme.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.report import Report, Row, number

WIDTH, LABELS, BARS = 760, 210, 440
_BAR, _PITCH, _TITLE = 16, 23, 34

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.back { fill: #ffffff }
.bar { fill: #8c959f }
.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.back { fill: #0d1117 }
.bar { fill: #656c76 }
.ours { fill: #4493f8 }
}
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """Which rows stand below each other: those of a section, or of one group in it."""

    section: str
    title: str
    group: str | None = None

    def rows(self, report: Report) -> list[tuple[str, Row]]:
        """The rows with what each is called here."""
        section = report.section(self.section)
        rows = section.rows if section else ()
        if self.group is None:
            return [(row.name, row) for row in rows]
        return [(row.label, row) for row in rows if row.group == self.group]


PANELS = (
    Panel("pipeline", "The pipeline alone, 1.5 % of the records match", group="1.5 % match"),
    Panel("kafka", "Kafka → acknowledged alerts, 1.5 % match", group="lz4, 1.5 % match"),
    Panel("kafka", "Kafka → acknowledged alerts, 25 % match", group="lz4, 25 % match"),
    Panel("rules", "By the number of rules, 1.5 % match"),
    Panel("peers", "SigmaHQ's rules for AWS, file → matches", group="57 rules"),
    Panel("peers", "3,000 rules of few services", group="3,000 rules of few services"),
)


def draw(report: Report, panels: Sequence[Panel] = PANELS) -> str:
    """The picture, as SVG. A panel without rows is left out."""
    body: list[str] = []
    top = 12
    for panel in panels:
        rows = panel.rows(report)
        if rows:
            body += _panel(panel.title, rows, top)
            top += _TITLE + _PITCH * len(rows) + 10
    size = f'width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="about">'
    machine = escape(str(report.machine))
    about = f'<title id="about">What the matcher costs, beside others, on {machine}</title>'
    back = f'<rect class="back" width="{WIDTH}" height="{top}" rx="6"/>'
    return "\n".join((head, about, f"<style>{STYLE}</style>", back, *body, "</svg>", ""))


def _panel(title: str, rows: Sequence[tuple[str, Row]], top: int) -> Iterator[str]:
    """The title, and a bar a row, as long as its cost beside the panel's largest."""
    largest = max(row.cost.median for _, row in rows)
    unit = rows[0][1].unit
    yield _text(16, top + 18, f"{title}: {unit}, shorter is better", "title")
    for number_, (label, row) in enumerate(rows):
        y = top + _TITLE + _PITCH * number_
        length = round(max(row.cost.median / largest * BARS, 1))
        place = f'x="{LABELS}" y="{y}" width="{length}" height="{_BAR}"'
        yield _text(LABELS - 8, y + 12, label, "label", 'text-anchor="end"')
        yield f'<rect class="bar{" ours" if row.ours else ""}" {place} rx="2"/>'
        yield _text(LABELS + length + 6, y + 12, number(row.cost.median), "cost")


def _text(x: int, y: int, text: str, kind: str, more: str = "") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" {more}>{escape(text)}</text>'
