"""``matcher replay`` on a mock cluster."""

import asyncio
import gzip
import signal
from collections.abc import Sequence

from matcher.cli.replay import _Replay
from matcher.config import Settings
from matcher.errors import EXIT_OK
from matcher.stream.lanes import Parcel, Refusal
from tests.cli.program import run, start


def test_files_become_records_as_scan_reads_them(mock_broker, tmp_path):
    topic = mock_broker.create_topic("audit", 4)
    (tmp_path / "a.jsonl").write_bytes(b'{"a":1}\n\nnot json\n')
    (tmp_path / "b.json").write_bytes(b'{\n"b":2}')
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(b"[3]"))
    done = run("replay", tmp_path, "--topic", topic, "--bootstrap-servers", mock_broker.bootstrap)
    assert done.returncode == EXIT_OK, done.stderr
    assert b"4 records written" in done.stderr
    values = sorted(message.value for message in mock_broker.read_all(topic))
    assert values == [b"[3]", b"not json", b'{\n"b":2}', b'{"a":1}']


def test_a_record_that_is_too_large_costs_only_itself(mock_broker, tmp_path):
    topic = mock_broker.create_topic("audit")
    (tmp_path / "a.jsonl").write_bytes(b"1\n" + b'"%s"\n' % (b"x" * 2_000_000) + b"3\n")
    done = run("replay", tmp_path, "--topic", topic, "--bootstrap-servers", mock_broker.bootstrap)
    assert done.returncode == EXIT_OK, done.stderr
    assert b"2 records written" in done.stderr
    assert b", 1 left out as unreadable or too large" in done.stderr
    assert [message.value for message in mock_broker.read_all(topic)] == [b"1", b"3"]


def test_a_loop_goes_on_until_the_signal(mock_broker, tmp_path):
    topic = mock_broker.create_topic("audit")
    (tmp_path / "a.jsonl").write_bytes(b"1\n2\n")
    with start(
        "replay",
        tmp_path,
        *("--topic", topic, "--bootstrap-servers", mock_broker.bootstrap),
        *("--loop", "--rate", "200"),
    ) as replaying:
        while sum(mock_broker.ends(topic).values()) < 6:
            assert replaying.poll() is None
        replaying.send_signal(signal.SIGTERM)
        _out, said = replaying.communicate(timeout=100)
    assert replaying.returncode == EXIT_OK, said
    values = [message.value for message in mock_broker.read_all(topic)]
    assert values[:6] == [b"1", b"2"] * 3
    assert f"{len(values)} records written" in said


def test_the_bundled_events_to_the_input_topic_of_the_settings(mock_broker):
    topic = mock_broker.create_topic("audit")
    done = run(
        "replay",
        "--bundled",
        MATCHER_KAFKA__BOOTSTRAP_SERVERS=mock_broker.bootstrap,
        MATCHER_INPUT__TOPICS=topic,
    )
    assert done.returncode == EXIT_OK, done.stderr
    assert len(mock_broker.read_all(topic)) == 74


async def test_a_rate_does_not_wait_for_each_acknowledgement(tmp_path):
    """Each waited out the producer's linger: 10 ms a record."""
    (tmp_path / "a.jsonl").write_bytes(b"1\n" * 40)
    settings = Settings()
    sent: list[asyncio.Future[Sequence[Refusal]]] = []

    class LateSink:
        """Acknowledges nothing before ten records wait."""

        async def send(self, messages):
            sent.append(asyncio.get_running_loop().create_future())
            if len(sent) % 10 == 0:
                for future in sent:
                    if not future.done():
                        future.set_result(())
            return [Parcel(messages, sent[-1])]

    replaying = _Replay(settings, "t", rate=10_000)
    await asyncio.wait_for(replaying._once(LateSink(), (str(tmp_path / "a.jsonl"),)), 20)
    assert replaying.written == 40
