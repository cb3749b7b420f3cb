"""``matcher health``, against real sockets."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from matcher.cli.main import main


@pytest.fixture
def service():
    """A server that answers what its ``status`` says; its port, and what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        status, asked = 200, ""

        def do_GET(self):
            Handler.asked = self.path
            self.send_response(Handler.status)
            self.end_headers()
            self.wfile.write(b"last progress 0.1 s ago\n")

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Handler, server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_the_answer_decides(service, capsys, monkeypatch, status, code):
    handler, port = service
    handler.status = status
    monkeypatch.setenv("MATCHER_HTTP__PORT", str(port))
    assert main(["health"]) == code
    assert handler.asked == "/livez"
    seen = capsys.readouterr()
    assert "last progress" in (seen.out if code == 0 else seen.err)


def test_another_page(service):
    handler, port = service
    assert main(["health", "--url", f"http://127.0.0.1:{port}/readyz"]) == 0
    assert handler.asked == "/readyz"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/livez", "ftp://x/", "nonsense", "http://h:x/"])
def test_no_answer_is_one_line(capsys, url):
    assert main(["health", "--url", url]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
