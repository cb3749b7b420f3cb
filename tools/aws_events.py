"""Writes the list of AWS event names that the lints look names up in, from botocore's models.

    python3 -m venv /tmp/botocore && /tmp/botocore/bin/pip install botocore
    /tmp/botocore/bin/python tools/aws_events.py > matcher/rulebook/lints/aws_events.tsv

One line an event source: its name, a tab, the operations of the services that log under it. An
operation that is logged under a dated name has the date behind a slash.
"""

import re
import sys
from collections import defaultdict

import botocore
import botocore.session

SOURCES = {"s3-control": "s3", "email": "ses", "monitoring": "monitoring"}
"""Endpoint prefixes that are not what CloudTrail calls the service."""

LAST_DATED = "20181031"
"""Lambda put the date of its API into the logged name up to here; what is newer is logged plain
(CreateFunctionUrlConfig), and so are calls of functions."""

PLAIN = {"Invoke", "InvokeAsync"}


def source_of(metadata: dict) -> str:
    """The eventSource of a service's events."""
    name = metadata.get("signingName") or metadata["endpointPrefix"]
    return SOURCES.get(name, name).split(".")[0] + ".amazonaws.com"


def written(service: str, name: str, operation: dict) -> str:
    """The operation, with its date where Lambda logs it with one."""
    dated = re.match(r"/(\d{4})-(\d{2})-(\d{2})/", operation["http"]["requestUri"])
    if service != "lambda" or dated is None or name in PLAIN:
        return name
    date = "".join(dated.groups())
    return f"{name}/{date}" if date <= LAST_DATED else name


def main() -> None:
    """Print the table."""
    loader = botocore.session.get_session().get_component("data_loader")
    sources: dict[str, set[str]] = defaultdict(set)
    for service in loader.list_available_services("service-2"):
        model = loader.load_service_model(service, "service-2")
        sources[source_of(model["metadata"])] |= {
            written(service, name, operation) for name, operation in model["operations"].items()
        }
    print(f"# botocore {botocore.__version__}; made by tools/aws_events.py")
    for source, names in sorted(sources.items()):
        print(f"{source}\t{' '.join(sorted(names))}")


if __name__ == "__main__":
    sys.exit(main())
