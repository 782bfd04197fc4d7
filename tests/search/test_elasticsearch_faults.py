"""What is wrong with a server is said in one Japanese line that says what to do; and what is not the document's
fault is not laid on the document. Faults that the core server cannot show come from small servers of our own."""

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
    """What the first request says, which has to be what `health` says."""
    with pytest.raises(EngineUnavailable) as raised:
        engine.search(words("避難"))
    said = raised.value.advice
    assert "\n" not in said and "避難" not in said and engine.health()[0] != ""
    return said


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that says what it is told to: `status`, `answer`, `product`, after `delay` seconds."""

    status, answer, product, delay, version = 200, {}, "Elasticsearch", 0.0, "8.19.21"
    asked: list

    def do_GET(self):
        self.asked.append(self.headers.get("Authorization"))
        time.sleep(self.delay)
        answer = {"nodes": {"n": {"version": self.version}}} if "/_nodes" in self.path else self.answer
        told = json.dumps(answer).encode()
        self.send_response(self.status)
        if self.product:
            self.send_header("X-Elastic-Product", self.product)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 -- the names that http.server calls

    def log_message(self, *_):
        pass


@contextmanager
def serving(certificate=None, port=0, **answers):
    """The address of such a server, with TLS where it has a certificate, and what it was asked."""
    handler = type("Told", (Answers,), {"asked": [], **answers})
    found = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    found.daemon_threads = True
    found.handle_error = lambda *_: None  # who waits no longer has hung up
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        found.socket = context.wrap_socket(found.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    try:
        scheme = "https" if certificate is not None else "http"
        yield f"{scheme}://127.0.0.1:{found.server_port}", handler.asked
    finally:
        found.shutdown()
        found.server_close()


def engine_at(url, **values):
    return ElasticsearchEngine(Server(url, **values), "test-nothing", QUICK)


class TestReachingIt:
    def test_a_wrong_address(self):
        said = advice(engine_at(f"http://127.0.0.1:{real.free_port()}"))
        assert "つながりません" in said and "SEARCH_URL" in said

    def test_a_name_that_is_none(self):
        assert "SEARCH_URL" in advice(engine_at("http://no-such-host.invalid:9200"))

    @pytest.mark.parametrize("product", ["", "OpenSearch"])
    def test_something_else_that_answers(self, product):
        with serving(product=product) as (url, _):
            assert "Elasticsearch ではない" in advice(engine_at(url))

    def test_a_web_server_that_knows_no_such_page(self):
        with serving(product="", status=404, answer={"detail": "not found"}) as (url, _):
            assert "Elasticsearch ではない" in advice(engine_at(url))

    @pytest.mark.parametrize("version", ["7.17.9", "8.11.0", "10.0.0"])
    def test_another_major(self, version):
        with serving(version=version) as (url, _):
            assert f"Elasticsearch {version} です" in advice(engine_at(url))

    @pytest.mark.parametrize("version", ["8.19.0", "8.20.1", "9.0.0", "9.5.3"])
    def test_versions_that_are_served(self, version):
        assert version_problem(version) == ""

    def test_a_slow_one_is_waited_for_briefly_and_then_not_at_all(self):
        """Told by what the server was asked, not by the clock: once for each of three, and then no more."""
        now = [0.0]
        with serving(delay=30) as (url, asked):
            engine = engine_at(url)
            engine.client = Client(engine.client.server, Breaker(clock=lambda: now[0]))
            began = time.monotonic()
            for _ in range(4):
                with pytest.raises(EngineUnavailable) as raised:
                    engine.search(words("避難"))
            assert time.monotonic() - began < 15  # nobody has waited for an answer, on however slow a machine
            assert "少し待っています" in raised.value.advice and len(asked) == 3
        assert Patience().reading < 1  # what a reader is promised

    def test_one_that_is_back_is_asked_within_seconds_however_long_it_was_away_and_the_log_says_so_once(self, caplog):
        port, now = real.free_port(), [0.0]
        engine = engine_at(f"http://127.0.0.1:{port}")
        engine.client = Client(engine.client.server, Breaker(clock=lambda: now[0]))
        for _ in range(60):
            with pytest.raises(EngineUnavailable):
                engine.generations()
            now[0] += 1
        caplog.clear()
        caplog.set_level("INFO", "search")
        with serving(port=port) as (url, asked):
            for _ in range(4):
                with suppress(EngineUnavailable):
                    engine.generations()
                now[0] += 1
            assert asked
        back = [told.getMessage() for told in caplog.records if "engine_back" in told.getMessage()]
        assert len(back) == 1 and back[0].startswith(f"search.engine_back server={url} away=6")

    def test_a_prefix_of_a_path_is_kept(self):
        with serving() as (url, asked):
            assert engine_at(f"{url}/search/").generations() == [] and asked


class TestComingIn:
    def test_a_wrong_password(self):
        with serving(status=401, answer={"error": {"type": "security_exception"}, "status": 401}) as (url, _):
            said = advice(engine_at(url, user="manabi", password="wrong-secret"))
            assert "SEARCH_PASSWORD" in said and "wrong-secret" not in said

    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ({"user": "利用者", "password": "p"}, "SEARCH_USER"),
            ({"user": "manabi", "password": "合言葉"}, "SEARCH_PASSWORD"),
            ({"api_key": "鍵"}, "SEARCH_API_KEY"),
            ({"api_key": "a2V5\n"}, "SEARCH_API_KEY"),
        ],
    )
    def test_what_no_header_can_carry_is_named_and_not_shown(self, values, name):
        with serving() as (url, asked):
            said = advice(engine_at(url, **values))
            assert said.startswith(f"{name} に、") and "SEARCH_CA" not in said and not asked
            assert not any(secret in said for secret in ("利用者", "合言葉", "鍵"))

    def test_a_password_in_the_address_that_no_header_can_carry(self):
        said = advice(engine_at("http://manabi:%E5%90%88@127.0.0.1:9200"))
        assert said.startswith("SEARCH_URL の利用者名とパスワード に、") and "合" not in said

    def test_rights_that_are_too_few(self):
        with serving(status=403, answer={"error": {"type": "security_exception"}, "status": 403}) as (url, _):
            assert "権限が足りません" in engine_at(url).health()[0]

    @pytest.mark.parametrize(
        ("values", "header"),
        [
            ({"api_key": "a2V5"}, "ApiKey a2V5"),
            ({"user": "manabi", "password": "p@ss"}, "Basic " + base64.b64encode(b"manabi:p@ss").decode()),
        ],
    )
    def test_by_key_or_by_password_over_tls(self, values, header, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        with serving(authority.issue_cert("127.0.0.1")) as (url, asked):
            assert engine_at(url, ca=str(tmp_path / "ca.pem"), **values).generations() == []
            assert set(asked) == {header}

    def test_a_password_in_the_address(self):
        with serving() as (url, asked):
            engine = engine_at(url.replace("://", "://manabi:p%40ss@"))
            assert engine.generations() == []
            assert set(asked) == {"Basic " + base64.b64encode(b"manabi:p@ss").decode()}
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

    def test_a_file_of_authorities_that_is_none(self, tmp_path):
        (tmp_path / "ca.pem").write_text("not a certificate")
        with serving(trustme.CA().issue_cert("127.0.0.1")) as (url, _):
            assert "SEARCH_CA" in advice(engine_at(url, ca=str(tmp_path / "ca.pem")))


@pytest.fixture
def engine(elasticsearch):
    elasticsearch.swap(elasticsearch.create("stamp"))
    put(elasticsearch, one=document(body="避難"))
    return elasticsearch


def ask(engine, call):
    """Do something to the server by hand, as an administrator might."""
    return engine.client.request(call, timeout=30)


class TestItsIndices:
    @pytest.mark.parametrize(
        ("block", "line"),
        [("write", "書き込み禁止"), ("read_only", "書き込み禁止"), ("read_only_allow_delete", "ディスクがいっぱい")],
    )
    def test_an_index_that_takes_no_writes_is_nobodys_poison(self, engine, block, line):
        """The last one is what the server sets by itself when its disk is full."""
        name = engine.generations()[0].name
        ask(engine, lambda es: es.indices.put_settings(index=name, settings={f"index.blocks.{block}": True}))
        with pytest.raises(EngineUnavailable) as raised:
            put(engine, 2, one=document(body="訓練"))
        assert line in raised.value.advice and line in engine.health()[0] and name in engine.health()[0]
        assert keys(engine, words("避難")) == ["one"]
        ask(engine, lambda es: es.indices.put_settings(index=name, settings={f"index.blocks.{block}": None}))
        put(engine, 2, one=document(body="訓練"))
        assert keys(engine, words("訓練")) == ["one"] and engine.health() == []

    def test_a_mapping_changed_by_hand(self, engine):
        name = engine.generations()[0].name
        ask(engine, lambda es: es.indices.put_mapping(index=name, properties={"mine": {"type": "keyword"}}))
        assert "mapping" in engine.health()[0] and "search_rebuild" in engine.health()[0]
        assert engine.generations()[0].stamp != "stamp"  # so the worker builds anew

    def test_a_changed_mapping_is_told_as_such_and_not_as_another_database(self, elasticsearch, db):
        rebuild(elasticsearch)
        name = elasticsearch.generations()[0].name
        ask(elasticsearch, lambda es: es.indices.put_mapping(index=name, properties={"mine": {"type": "keyword"}}))
        assert "違う決まり（分析、辞書、形）" in why_rebuild(elasticsearch)

    def test_an_alias_at_two_indices(self, engine):
        other = engine.create("stamp")
        ask(engine, lambda es: es.indices.put_alias(index=other, name=engine.prefix))
        for call in (lambda: engine.search(words("避難")), lambda: engine.stored(["one"]), engine.generations):
            with pytest.raises(IndexLost) as raised:
                call()
            assert "二つ以上" in raised.value.advice
        assert "二つ以上" in engine.health()[0] and why_rebuild(engine)
        engine.swap(other)
        assert engine.health() == [] and engine.search(words("避難")).total == 0

    def test_an_alias_at_an_index_of_others_too(self, engine):
        """It is said as two indices are, and the next swap takes our alias off it; the index itself stays."""
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

    def test_all_indices_are_thrown_away_at_once(self, engine, monkeypatch):
        """One after the other, the live alias would stand for a moment on an empty one alone: nothing found, and no word of it."""
        other = engine.create("stamp")
        ask(engine, lambda es: es.indices.put_alias(index=other, name=engine.prefix))
        calls, manage = [], engine._manage
        monkeypatch.setattr(engine, "_manage", lambda call: (calls.append(call), manage(call))[1])
        engine.reset()
        assert len(calls) == 1 and list(engine.generations()) == []

    def test_an_alias_taken_away_is_an_index_lost(self, engine):
        name = engine.generations()[0].name
        ask(engine, lambda es: es.indices.delete_alias(index=name, name=engine.prefix))
        for call in (lambda: engine.search(words("避難")), lambda: engine.stored(["one"]), engine.highest_version):
            with pytest.raises(IndexLost):
                call()

    def test_indices_of_others_are_left_alone(self, engine):
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
    def test_what_cannot_be_meant_stops_the_boot(self, settings, name, value, check):
        settings.SEARCH_URL, settings.SEARCH_API_KEY = "https://search.example:9200", "a2V5"
        assert check_engine_settings(None) == []
        setattr(settings, name, value)
        assert [found.id for found in check_engine_settings(None)] == [check]

    def test_the_embedded_engine_needs_none_of_them(self, settings):
        settings.SEARCH_URL, settings.SEARCH_CA = "", "no/such/file.pem"
        assert check_engine_settings(None) == [] and check_engine(None, ["default"]) == []

    def test_a_server_is_asked_only_where_databases_are(self, settings):
        settings.SEARCH_URL = f"http://127.0.0.1:{real.free_port()}"
        assert check_engine(None) == []
        (found,) = check_engine(None, ["default"])
        assert found.id == "search.W002" and "つながりません" in found.msg

    def test_search_verify_says_it_too(self, settings, db):
        settings.SEARCH_URL = f"http://127.0.0.1:{real.free_port()}"
        with pytest.raises(CommandError, match="つながりません"):
            call_command("search_verify")
