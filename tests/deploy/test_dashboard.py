"""The Grafana dashboard and its provisioning: it names only what there is, and shows something."""

import json
import re
import socket
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from matcher.metrics import CATALOGUE
from matcher.service.exposition import CONTENT_TYPE, Exposition
from tests.brokers.process import Child, wait_until
from tests.deploy.places import DASHBOARD, DEPLOY, debian_tool
from tests.deploy.promql import exposed, grouping_labels, wrong_selectors

DOCUMENT = json.loads(DASHBOARD.read_text("utf-8"))
PANELS = [panel for panel in DOCUMENT["panels"] if panel["type"] != "row"]
QUERIES = [(panel, target["expr"]) for panel in PANELS for target in panel["targets"]]
EXPRESSIONS = [expression for _, expression in QUERIES]
VARIABLES = {variable["name"]: variable for variable in DOCUMENT["templating"]["list"]}
TITLES = [f"{panel['title']}: {number}" for number, (panel, _) in enumerate(QUERIES)]


def expand(expression, interval="2s", span="10s"):
    """What Grafana sends: its macros and variables have values, everything is chosen."""
    for name, value in (("__rate_interval", interval), ("__range", span)):
        expression = expression.replace(f"${name}", value)
    for name in VARIABLES:
        expression = expression.replace(f"${name}", ".*")
    assert "$" not in expression
    return expression


@pytest.mark.parametrize("query", EXPRESSIONS, ids=TITLES)
def test_every_metric_and_label_of_a_panel_exists(query):
    assert list(wrong_selectors(expand(query))) == []


@pytest.mark.parametrize(("panel", "query"), QUERIES, ids=TITLES)
def test_a_legend_names_only_labels_that_the_query_keeps(panel, query):
    targets = {target["expr"]: target for target in panel["targets"]}
    legend = set(re.findall(r"\{\{(\w+)\}\}", targets[query]["legendFormat"]))
    grouped = grouping_labels(expand(query))
    if grouped:
        assert legend <= grouped


def test_a_wrong_name_would_be_seen():
    assert list(wrong_selectors('rate(matcher_event_total{log_source_type="x"}[5m])')) == [
        "no metric matcher_event_total"
    ]
    assert list(wrong_selectors('matcher_events_total{source="x"}')) == [
        "matcher_events_total has no label source"
    ]
    assert list(wrong_selectors("matcher_record_to_alert_seconds")) == [
        "no metric matcher_record_to_alert_seconds"
    ]


def test_the_variables_are_filled_from_labels_that_exist():
    assert set(VARIABLES) == {"datasource", "instance", "rule", "log_source"}
    for variable in VARIABLES.values():
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
            assert found
            assert found[2] == "instance" or found[2] in exposed()[found[1]].labels


def test_every_variable_is_used():
    text = "".join(EXPRESSIONS)
    for name in set(VARIABLES) - {"datasource"}:
        assert f'"${name}"' in text


def test_every_metric_of_the_catalogue_is_on_a_panel():
    shown = "".join(EXPRESSIONS)
    missing = [metric.name for metric in CATALOGUE if metric.name not in shown]
    assert missing == []


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_to_do_and_has_a_unit(panel):
    assert len(panel["description"]) > 40
    assert panel["fieldConfig"]["defaults"]["unit"]


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    ids = [panel["id"] for panel in DOCUMENT["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in DOCUMENT["panels"]:
        box = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(box["x"], box["x"] + box["w"])
            for y in range(box["y"], box["y"] + box["h"])
        }
        assert not cells & taken, panel["title"]
        assert box["x"] + box["w"] <= 24
        taken |= cells


def test_the_dashboard_and_its_data_source_are_provisioned():
    sources = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text("utf-8")
    )["datasources"]
    providers = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/dashboards/matcher.yaml").read_text("utf-8")
    )["providers"]
    compose = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text("utf-8"))
    mounts = [volume.split(":") for volume in compose["services"]["grafana"]["volumes"]]
    inside = {source: target for source, target, *_ in mounts}

    assert DOCUMENT["uid"] == "matcher"
    assert "id" not in DOCUMENT
    assert VARIABLES["datasource"]["current"]["value"] == sources[0]["uid"]
    assert sources[0]["type"] == VARIABLES["datasource"]["query"]
    assert sources[0]["url"] == "http://prometheus:9090"
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    assert providers[0]["options"]["path"] == inside["./deploy/grafana/dashboards"]
    assert [path.name for path in DASHBOARD.parent.iterdir()] == [DASHBOARD.name]


class Scraped:
    """A real exposition of every metric, which goes up with each scrape."""

    def __init__(self):
        self.exposition = Exposition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _count(self):
        for metric in CATALOGUE:
            labels = tuple(f"a {label}" for label in metric.labels)
            if metric.kind == "counter":
                self.exposition.add(metric, 5, labels)
            elif metric.kind == "gauge":
                self.exposition.set(metric, 1, labels)
            else:
                self.exposition.observe(metric, 0.02, labels)

    def _handler(self):
        scraped = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                scraped._count()
                page = scraped.exposition.render()
                self.send_response(200)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *arguments):
                pass

        return Handler


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """A Prometheus that scrapes a real exposition, five times a second."""
    program = debian_tool("prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    scraped = Scraped()
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "200ms", "evaluation_interval": "200ms"}
    config["rule_files"] = [str(DEPLOY / "prometheus/rules.yml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [scraped.address]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    child = Child(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ],
        log=folder / "log",
    )
    try:
        base = f"http://{address}"
        wait_until(lambda: query(base, "matcher_build_info"), 60, "a first scrape", child)
        yield base
    finally:
        child.kill()
        scraped.close()


def query(base, expression):
    """The query's series over the last seconds; none while Prometheus does not answer."""
    now = time.time()
    parameters = {"query": expression, "start": now - 10, "end": now, "step": "1s"}
    url = f"{base}/api/v1/query_range?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own address)
            return json.load(answer)["data"]["result"]
    except ConnectionError:
        return []
    except urllib.error.HTTPError as refusal:
        if refusal.code == 503:
            return []
        raise AssertionError(refusal.read().decode()) from refusal
    except urllib.error.URLError:
        return []


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=TITLES)
def test_every_query_gives_series_on_a_real_prometheus(prometheus, expression):
    wait_until(lambda: query(prometheus, expand(expression)), 30, f"no series for {expression}")
