import json

import pytest

from matcher.events.catalogue import Catalogue
from matcher.languages.aql import compile_query


@pytest.mark.corpus
def test_every_statement_of_another_tool_compiles(corpus):
    catalogue = Catalogue.load()
    lines = (corpus.parent / "aql" / "sigma-aws.jsonl").read_text("utf-8").splitlines()
    for line in lines:
        compile_query(json.loads(line)["aql"], catalogue)
    assert len(lines) == 85
