"""Failures of the search server are reported in one Japanese line that says what to do.

A failure of the server is never blamed on a document. Small HTTP servers play the failures that a real server cannot.
"""

import base64
import datetime as dt
import http.server
import json
import ssl
import threading
import time
from contextlib import contextmanager, suppress

import pytest
import trustme
from django.core.management import CommandError, call_command

from search.checks import check_engine, check_engine_settings
from search.engines.base import EngineUnavailable, IndexLost
from search.engines.breaker import Breaker
from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.elasticsearch_client import Client, Patience, Server, version_problem
from search.generations import rebuild, why_rebuild
from tests.search import elasticsearch_server as real
from tests.search.contract.test_engines import document, keys, put, words

QUICK = Patience(reading=0.8, writing=0.8, managing=2)


def advice(engine):
    """The advice of the first request, which must equal that of `health`."""
    with pytest.raises(EngineUnavailable) as raised:
        engine.search(words("避難"))
    message = raised.value.advice
    assert "\n" not in message and "避難" not in message and engine.health()[0] != ""
    return message


class Answers(http.server.BaseHTTPRequestHandler):
    """A server with a configured response: `status`, `answer`, `product`, after `delay` seconds."""

    status, answer, product, delay, version = 200, {}, "Elasticsearch", 0.0, "8.19.21"
    requests: list

    def do_GET(self):
        self.asked.append(self.headers.get("Authorization"))
        time.sleep(self.delay)
        answer = {"nodes": {"n": {"version": self.version}}} if "/_nodes" in self.path else self.answer
        response = json.dumps(answer).encode()
        self.send_response(self.status)
        if self.product:
            self.send_header("X-Elastic-Product", self.product)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(response)))
        self.end_headers()
        self.wfile.write(response)

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 -- names required by http.server

    def log_message(self, *_):
        pass


@contextmanager
def serving(certificate=None, port=0, **answers):
    """The address of such a server, with TLS if it has a certificate, and the requests it received."""
    handler = type("Told", (Answers,), {"asked": [], **answers})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients that timed out have closed the connection
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        scheme = "https" if certificate is not None else "http"
        yield f"{scheme}://127.0.0.1:{server.server_port}", handler.asked
    finally:
        server.shutdown()
        server.server_close()


def engine_at(url, **values):
    return ElasticsearchEngine(Server(url, **values), "test-nothing", QUICK)


class TestReachingIt:
    def test_a_wrong_address(self):
        message = advice(engine_at(f"http://127.0.0.1:{real.free_port()}"))
        assert "つながりません" in message and "SEARCH_URL" in message

    def test_an_unknown_host_name(self):
        assert "SEARCH_URL" in advice(engine_at("http://no-such-host.invalid:9200"))

    @pytest.mark.parametrize("product", ["", "OpenSearch"])
    def test_another_product_answers(self, product):
        with serving(product=product) as (url, _):
            assert "Elasticsearch ではない" in advice(engine_at(url))

    def test_a_web_server_answers_404(self):
        with serving(product="", status=404, answer={"detail": "not found"}) as (url, _):
            assert "Elasticsearch ではない" in advice(engine_at(url))

    @pytest.mark.parametrize("version", ["7.17.9", "8.11.0", "10.0.0"])
    def test_an_unsupported_major_version(self, version):
        with serving(version=version) as (url, _):
            assert f"Elasticsearch {version} です" in advice(engine_at(url))

    @pytest.mark.parametrize("version", ["8.19.0", "8.20.1", "9.0.0", "9.5.3"])
    def test_supported_versions(self, version):
        assert version_problem(version) == ""

    def test_a_slow_server_opens_the_breaker(self):
        """Checked by the requests of the server, not by the clock: three requests, then none."""
        now = [0.0]
        with serving(delay=30) as (url, requests):
            engine = engine_at(url)
            engine.client = Client(engine.client.server, Breaker(clock=lambda: now[0]))
            began = time.monotonic()
            for _ in range(4):
                with pytest.raises(EngineUnavailable) as raised:
                    engine.search(words("避難"))
            assert time.monotonic() - began < 15  # no call waited for an answer, even on a slow machine
            assert "少し待っています" in raised.value.advice and len(requests) == 3
        assert Patience().reading < 1  # readers get an answer within a second

    def test_a_recovered_server_is_used_within_seconds_and_logged_once(self, caplog):
        port, now = real.free_port(), [0.0]
        engine = engine_at(f"http://127.0.0.1:{port}")
        engine.client = Client(engine.client.server, Breaker(clock=lambda: now[0]))
        for _ in range(60):
            with pytest.raises(EngineUnavailable):
                engine.generations()
            now[0] += 1
        caplog.clear()
        caplog.set_level("INFO", "search")
        with serving(port=port) as (url, requests):
            for _ in range(4):
                with suppress(EngineUnavailable):
                    engine.generations()
                now[0] += 1
            assert requests
        back = [response.getMessage() for response in caplog.records if "engine_back" in response.getMessage()]
        assert len(back) == 1 and back[0].startswith(f"search.engine_back server={url} away=6")

    def test_a_path_prefix_in_the_address_is_kept(self):
        with serving() as (url, requests):
            assert engine_at(f"{url}/search/").generations() == [] and requests


class TestComingIn:
    def test_a_wrong_password(self):
        with serving(status=401, answer={"error": {"type": "security_exception"}, "status": 401}) as (url, _):
            message = advice(engine_at(url, user="manabi", password="wrong-secret"))
            assert "SEARCH_PASSWORD" in message and "wrong-secret" not in message

    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ({"user": "利用者", "password": "p"}, "SEARCH_USER"),
            ({"user": "manabi", "password": "合言葉"}, "SEARCH_PASSWORD"),
            ({"api_key": "鍵"}, "SEARCH_API_KEY"),
            ({"api_key": "a2V5\n"}, "SEARCH_API_KEY"),
        ],
    )
    def test_unsendable_credentials_are_named_and_not_shown(self, values, name):
        with serving() as (url, requests):
            message = advice(engine_at(url, **values))
            assert message.startswith(f"{name} に、") and "SEARCH_CA" not in message and not requests
            assert not any(secret in message for secret in ("利用者", "合言葉", "鍵"))

    def test_an_unsendable_password_in_the_address(self):
        message = advice(engine_at("http://manabi:%E5%90%88@127.0.0.1:9200"))
        assert message.startswith("SEARCH_URL の利用者名とパスワード に、") and "合" not in message

    def test_missing_privileges(self):
        with serving(status=403, answer={"error": {"type": "security_exception"}, "status": 403}) as (url, _):
            assert "権限が足りません" in engine_at(url).health()[0]

    @pytest.mark.parametrize(
        ("values", "header"),
        [
            ({"api_key": "a2V5"}, "ApiKey a2V5"),
            ({"user": "manabi", "password": "p@ss"}, "Basic " + base64.b64encode(b"manabi:p@ss").decode()),
        ],
    )
    def test_log_in_by_key_or_password_over_tls(self, values, header, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        with serving(authority.issue_cert("127.0.0.1")) as (url, requests):
            assert engine_at(url, ca=str(tmp_path / "ca.pem"), **values).generations() == []
            assert set(requests) == {header}

    def test_a_password_in_the_address(self):
        with serving() as (url, requests):
            engine = engine_at(url.replace("://", "://manabi:p%40ss@"))
            assert engine.generations() == []
            assert set(requests) == {"Basic " + base64.b64encode(b"manabi:p@ss").decode()}
            assert "manabi" not in engine.client.server.name

    def test_an_expired_certificate(self, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        old = authority.issue_cert("127.0.0.1", not_after=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        with serving(old) as (url, _):
            assert "期限が切れています" in advice(engine_at(url, ca=str(tmp_path / "ca.pem")))

    def test_a_certificate_of_an_unknown_authority(self):
        with serving(trustme.CA().issue_cert("127.0.0.1")) as (url, _):
            assert "SEARCH_CA" in advice(engine_at(url))

    def test_a_certificate_for_another_name(self, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        with serving(authority.issue_cert("search.example")) as (url, _):
            assert "この名前のものではありません" in advice(engine_at(url, ca=str(tmp_path / "ca.pem")))

    def test_https_to_a_server_without_tls(self):
        with serving() as (url, _):
            assert "TLS" in advice(engine_at(url.replace("http:", "https:")))

    def test_an_invalid_ca_file(self, tmp_path):
        (tmp_path / "ca.pem").write_text("not a certificate")
        with serving(trustme.CA().issue_cert("127.0.0.1")) as (url, _):
            assert "SEARCH_CA" in advice(engine_at(url, ca=str(tmp_path / "ca.pem")))


@pytest.fixture
def engine(elasticsearch):
    elasticsearch.swap(elasticsearch.create("stamp"))
    put(elasticsearch, one=document(body="避難"))
    return elasticsearch


def ask(engine, call):
    """Change something on the server, as an administrator might."""
    return engine.client.request(call, timeout=30)


class TestItsIndices:
    @pytest.mark.parametrize(
        ("block", "line"),
        [("write", "書き込み禁止"), ("read_only", "書き込み禁止"), ("read_only_allow_delete", "ディスクがいっぱい")],
    )
    def test_a_blocked_index_is_not_blamed_on_the_documents(self, engine, block, line):
        """The last block is set by the server itself when its disk is full."""
        name = engine.generations()[0].name
        ask(engine, lambda es: es.indices.put_settings(index=name, settings={f"index.blocks.{block}": True}))
        with pytest.raises(EngineUnavailable) as raised:
            put(engine, 2, one=document(body="訓練"))
        assert line in raised.value.advice and line in engine.health()[0] and name in engine.health()[0]
        assert keys(engine, words("避難")) == ["one"]
        ask(engine, lambda es: es.indices.put_settings(index=name, settings={f"index.blocks.{block}": None}))
        put(engine, 2, one=document(body="訓練"))
        assert keys(engine, words("訓練")) == ["one"] and engine.health() == []

    def test_a_mapping_changed_by_hand_is_reported(self, engine):
        name = engine.generations()[0].name
        ask(engine, lambda es: es.indices.put_mapping(index=name, properties={"mine": {"type": "keyword"}}))
        assert "mapping" in engine.health()[0] and "search_rebuild" in engine.health()[0]
        assert engine.generations()[0].stamp != "stamp"  # so that the worker rebuilds it

    def test_a_changed_mapping_is_not_reported_as_another_database(self, elasticsearch, db):
        rebuild(elasticsearch)
        name = elasticsearch.generations()[0].name
        ask(elasticsearch, lambda es: es.indices.put_mapping(index=name, properties={"mine": {"type": "keyword"}}))
        assert "違う決まり（分析、辞書、形）" in why_rebuild(elasticsearch)

    def test_an_alias_of_two_indices_is_reported(self, engine):
        other = engine.create("stamp")
        ask(engine, lambda es: es.indices.put_alias(index=other, name=engine.prefix))
        for call in (lambda: engine.search(words("避難")), lambda: engine.stored(["one"]), engine.generations):
            with pytest.raises(IndexLost) as raised:
                call()
            assert "二つ以上" in raised.value.advice
        assert "二つ以上" in engine.health()[0] and why_rebuild(engine)
        engine.swap(other)
        assert engine.health() == [] and engine.search(words("避難")).total == 0

    def test_a_foreign_index_behind_our_alias_is_reported(self, engine):
        """Reported like two live indices. The next swap removes our alias from it; the index itself stays."""
        ask(engine, lambda es: es.indices.create(index="of-others", aliases={engine.prefix: {}}))
        try:
            with pytest.raises(IndexLost):
                engine.generations()
            assert "二つ以上" in engine.health()[0] and "二つ以上" in why_rebuild(engine)
            engine.swap(engine.create("next"))
            assert engine.health() == [] and [generation.live for generation in engine.generations()] == [True]
            assert ask(engine, lambda es: es.indices.exists(index="of-others"))
        finally:
            ask(engine, lambda es: es.indices.delete(index="of-others"))

    def test_a_reset_deletes_all_indices_in_one_request(self, engine, monkeypatch):
        """In several requests, the live alias would point for a moment to an empty index: no hits, and no error."""
        other = engine.create("stamp")
        ask(engine, lambda es: es.indices.put_alias(index=other, name=engine.prefix))
        calls, manage = [], engine._manage
        monkeypatch.setattr(engine, "_manage", lambda call: (calls.append(call), manage(call))[1])
        engine.reset()
        assert len(calls) == 1 and list(engine.generations()) == []

    def test_a_removed_alias_means_a_lost_index(self, engine):
        name = engine.generations()[0].name
        ask(engine, lambda es: es.indices.delete_alias(index=name, name=engine.prefix))
        for call in (lambda: engine.search(words("避難")), lambda: engine.stored(["one"]), engine.highest_version):
            with pytest.raises(IndexLost):
                call()

    def test_foreign_indices_are_not_touched(self, engine):
        other = f"{engine.prefix}-0123456789ab"
        ask(engine, lambda es: es.indices.create(index=other))
        assert len(engine.generations()) == 1
        engine.swap(engine.create("next"))
        engine.reset()
        assert ask(engine, lambda es: es.indices.exists(index=other))
        ask(engine, lambda es: es.indices.delete(index=other))


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value", "check"),
        [
            ("SEARCH_URL", "search.example:9200", "search.E005"),
            ("SEARCH_URL", "https://search.example", "search.E005"),
            ("SEARCH_URL", "https://search.example:99999999", "search.E005"),
            ("SEARCH_URL", "ftp://search.example:9200", "search.E005"),
            ("SEARCH_CA", "no/such/file.pem", "search.E006"),
            ("SEARCH_USER", "manabi", "search.E007"),
            ("SEARCH_PREFIX", "Manabi_*", "search.E008"),
            ("SEARCH_API_KEY", "鍵", "search.E009"),
        ],
    )
    def test_invalid_engine_settings_are_reported(self, settings, name, value, check):
        settings.SEARCH_URL, settings.SEARCH_API_KEY = "https://search.example:9200", "a2V5"
        assert check_engine_settings(None) == []
        setattr(settings, name, value)
        assert [found.id for found in check_engine_settings(None)] == [check]

    def test_the_embedded_engine_needs_no_settings(self, settings):
        settings.SEARCH_URL, settings.SEARCH_CA = "", "no/such/file.pem"
        assert check_engine_settings(None) == [] and check_engine(None, ["default"]) == []

    def test_the_server_is_contacted_only_with_check_database(self, settings):
        settings.SEARCH_URL = f"http://127.0.0.1:{real.free_port()}"
        assert check_engine(None) == []
        (found,) = check_engine(None, ["default"])
        assert found.id == "search.W002" and "つながりません" in found.msg

    def test_search_verify_reports_it(self, settings, db):
        settings.SEARCH_URL = f"http://127.0.0.1:{real.free_port()}"
        with pytest.raises(CommandError, match="つながりません"):
            call_command("search_verify")
