"""A service, and what stands before it."""

import contextlib
from collections.abc import AsyncIterator

from matcher.config import KafkaSettings, RuleSettings, Settings
from matcher.service.service import Service
from matcher.service.wiring import build_pipeline
from tests.faults.load import RULES


async def test_a_stop_before_the_work_begins_is_not_lost():
    """A supervisor may say so as soon as the front stands."""

    @contextlib.asynccontextmanager
    async def front(service: Service) -> AsyncIterator[None]:
        service.request_stop("at once")
        yield

    nobody = KafkaSettings(bootstrap_servers="127.0.0.1:1", start_timeout=1)
    settings = Settings(kafka=nobody, rules=RuleSettings(paths=(RULES,)))
    await Service(settings, build_pipeline(settings, print), front=front).run()
