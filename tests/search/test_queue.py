"""From a saved row to the index: signals, the worker, rebuilds, and the failures they survive."""

import threading
import time
from datetime import date

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from kb.models import Reference, Theme
from kb.search_source import ReferenceSource
from organization import clock
from organization.units.effective_dating import take_effect
from search import worker as worker_module
from search.documents import DocumentError
from search.engines.base import EngineQuery, EngineUnavailable
from search.generations import RebuildFailed, compare, rebuild, why_rebuild
from search.indexing import index as index_rows
from search.models import LiveGeneration, PendingChange, VersionCounter
from search.worker import Worker
from tests.factories.kb import make_lesson, reference_source
from tests.factories.organization import add_version, make_staff, make_unit

COUNTY = frozenset({"public", "prefecture"})


def titles(engine, audience=COUNTY):
    result = engine.search(EngineQuery(audience=audience, order="newest", limit=100))
    return {hit.signals.public_id for hit in result.hits}


class TestSignals:
    def test_a_saved_row_is_enqueued(self, index, reference):
        row = reference("件名")
        assert [waiting.key for waiting in PendingChange.objects.all()] == [f"reference:{row.pk}"]

    def test_a_rolled_back_change_is_not_enqueued(self, index, reference):
        with pytest.raises(RuntimeError), transaction.atomic():
            reference("件名")
            raise RuntimeError
        assert not PendingChange.objects.exists()

    def test_a_published_page_is_found_and_a_withdrawn_one_is_not(self, index, refresh):
        from kb.lifecycle import publication

        author = make_staff(make_unit())
        lesson = make_lesson(author, audience="unit")
        refresh()
        unit = frozenset({f"unit:{lesson.owner_unit.uid}"})
        assert titles(index, unit) == {lesson.public_id}
        publication.withdraw(item=lesson, user=author.user, reason="重なっていたため")
        refresh()
        assert titles(index, unit) == set()

    def test_a_watched_row_enqueues_the_documents_made_from_it(self, index, refresh):
        lesson = make_lesson(make_staff(make_unit()))
        theme = Theme.objects.create(code="test-theme", label="はじめの名前")
        lesson.themes.add(theme)
        lesson.save()
        refresh()
        theme.label = "あたらしい名前"
        theme.save()
        assert f"item:{lesson.pk}" in {row.key for row in PendingChange.objects.all()}

    def test_a_new_unit_name_enqueues_its_items(self, index, refresh):
        unit = make_unit()
        lesson = make_lesson(make_staff(unit))
        refresh()
        version = unit.versions.get()
        version.name = "危機管理課"
        version.save()
        assert f"item:{lesson.pk}" in {row.key for row in PendingChange.objects.all()}

    def test_an_announced_unit_change_moves_the_items_on_its_day(self, find, refresh, reference):
        day, before = date(2026, 4, 1), date(2026, 3, 31)
        old, new = (make_unit(name=name, kind="department") for name in ("総務部", "危機管理部"))
        unit = make_unit(name="防災課", parent=old, until=before)
        add_version(unit, name="防災課", parent=new, since=day)
        was, will = (make_staff(make_unit(parent=department)).user for department in (old, new))
        with clock.moved_to(before):
            reference("水位の記録", audience="department", owner_unit=unit)
            take_effect(on=before)
            refresh()
            assert (find(was, "水位"), find(will, "水位")) == (["水位の記録"], [])
        with clock.moved_to(day):
            take_effect(on=day)
            refresh()
            assert (find(was, "水位"), find(will, "水位")) == ([], ["水位の記録"])

    def test_a_moved_page_enqueues_all_its_descendants(self, index, refresh, home):
        """Wagtail sends a signal for the moved page only."""
        lesson = make_lesson(make_staff(make_unit()))
        refresh()
        year = lesson.get_parent().specific
        target = home.get_children().exclude(pk=year.get_parent().pk).first()
        year.move(target, pos="last-child")
        assert f"item:{lesson.pk}" in {row.key for row in PendingChange.objects.all()}

    def test_a_deleted_row_leaves_the_index(self, index, refresh, reference):
        row = reference("件名")
        refresh()
        row.delete()
        refresh()
        assert titles(index) == set()


class TestWorker:
    def test_a_written_row_leaves_the_queue_and_is_found(self, index, refresh, reference):
        row = reference("件名")
        assert refresh() == 1
        assert titles(index) == {row.public_id} and not PendingChange.objects.exists()

    def test_the_version_is_drawn_before_the_row_is_read(self, index, reference, monkeypatch):
        """Drawn later, an older read could get the newer version and win for ever."""
        row = reference("件名")
        order = []
        draw, eligible = VersionCounter.draw, ReferenceSource.eligible
        monkeypatch.setattr(VersionCounter, "draw", lambda: (order.append("draw"), draw())[1])
        monkeypatch.setattr(ReferenceSource, "eligible", lambda self: (order.append("read"), eligible(self))[1])
        index_rows(index, {"reference": [row.pk]})
        assert order == ["draw", "read"]

    def test_a_change_made_while_the_row_is_written_is_not_lost(self, index, refresh, reference, monkeypatch):
        row = reference("旧", "旧い本文")
        document = ReferenceSource.document

        def change_behind(self, obj):
            described = document(self, obj)
            if Reference.objects.filter(pk=obj.pk, title="旧").exists():
                row.title = "新"
                row.save()
            return described

        monkeypatch.setattr(ReferenceSource, "document", change_behind)
        worker = Worker(index)
        worker.step()
        assert PendingChange.objects.count() == 1  # the new change is pending; the old one is done
        worker.drain()
        assert not PendingChange.objects.exists()

    def test_an_unavailable_engine_only_delays_the_queue(self, index, reference, monkeypatch):
        row = reference("件名")
        worker = Worker(index)
        with monkeypatch.context() as broken:
            broken.setattr(type(index), "write", lambda *a, **k: (_ for _ in ()).throw(EngineUnavailable("down")))
            assert worker.step() == worker.step() == 0
            first = worker._pause
            worker.step()
            assert worker._pause > first  # the pauses grow
        assert PendingChange.objects.waiting().filter(claimed_by="").count() == 1
        assert worker.drain() == 1 and titles(index) == {row.public_id} and worker._pause == 0

    def test_an_invalid_document_is_parked_and_affects_no_other(self, index, refresh, reference, monkeypatch):
        bad, good = reference("毒"), reference("薬")
        document = ReferenceSource.document

        def refuse(self, obj):
            if obj.pk == bad.pk:
                raise DocumentError("no audience")
            return document(self, obj)

        with monkeypatch.context() as broken:
            broken.setattr(ReferenceSource, "document", refuse)
            refresh()
        parked = PendingChange.objects.get()
        assert (parked.key, parked.parked, "no audience" in parked.reason) == (f"reference:{bad.pk}", True, True)
        assert titles(index) == {good.public_id}
        bad.save()  # fixed: the next change also removes the parked row
        refresh()
        assert titles(index) == {bad.public_id, good.public_id} and not PendingChange.objects.exists()

    def test_an_unknown_failure_is_retried_before_it_is_parked(self, index, reference, monkeypatch):
        reference("件名")
        monkeypatch.setattr(worker_module, "_RETRY_SECONDS", 0)
        monkeypatch.setattr(ReferenceSource, "document", lambda self, obj: 1 / 0)
        worker = Worker(index)
        for attempt in range(1, worker_module.MAX_ATTEMPTS + 1):
            worker.step()
            row = PendingChange.objects.get()
            assert (row.attempts, row.parked) == (attempt, attempt == worker_module.MAX_ATTEMPTS)
        assert row.reason.startswith("ZeroDivisionError")

    def test_the_worker_waits_as_long_as_the_engine_says(self, index, reference, monkeypatch):
        reference("件名")
        worker = Worker(index)
        turned_away = EngineUnavailable("down", again_in=0.7)
        monkeypatch.setattr(type(index), "write", lambda *a, **k: (_ for _ in ()).throw(turned_away))
        for _ in range(3):
            worker.step()
            assert worker._pause == 0.7

    def test_a_failing_row_waits_while_others_continue(self, index, reference, monkeypatch):
        bad, good = reference("毒"), reference("薬")
        document = ReferenceSource.document
        monkeypatch.setattr(ReferenceSource, "document", lambda self, o: 1 / 0 if o.pk == bad.pk else document(self, o))
        worker = Worker(index)
        assert worker.drain() == 1  # it does not loop on the failing row
        assert titles(index) == {good.public_id}

    @pytest.mark.parametrize("source", ["gone", "reference"])
    def test_rows_of_another_version_of_the_code_are_parked(self, index, refresh, source):
        PendingChange.objects.enqueue(source, ["not-a-number"])
        refresh()
        assert PendingChange.objects.get().parked

    def test_the_rows_of_a_killed_worker_are_taken_over(self, index, reference, monkeypatch):
        row = reference("件名")
        PendingChange.objects.claim("killed", 10)
        worker = Worker(index)
        assert worker.drain() == 0
        monkeypatch.setattr(worker_module, "_TAKE_OVER_SECONDS", 0)
        time.sleep(0.01)
        worker.step()
        assert worker.drain() == 1 and titles(index) == {row.public_id}

    def test_two_workers_do_not_claim_the_same_rows(self, index, reference):
        for n in range(4):
            reference(f"件名{n}")
        first, second = PendingChange.objects.claim("a", 2), PendingChange.objects.claim("b", 10)
        assert len(first) == len(second) == 2 and not {r.pk for r in first} & {r.pk for r in second}

    def test_the_worker_stops_on_request(self, index):
        worker = Worker(index)
        worker.stop.set()
        worker.run()

    def test_a_lost_index_is_rebuilt_automatically(self, index, refresh, reference):
        row = reference("件名")
        refresh()
        index.reset()
        reference("もう一つ")
        worker = Worker(index)
        worker.drain()
        worker.drain()
        assert row.public_id in titles(index) and len(titles(index)) == 2

    def test_an_index_newer_than_the_database_is_rebuilt(self, index, refresh, reference):
        """An older database was restored beside a newer index: its versions would always lose."""
        reference("件名")
        refresh()
        VersionCounter.objects.update(value=0)
        assert "データベースより新しい" in why_rebuild(index)
        Worker(index).drain()
        assert why_rebuild(index) == ""

    def test_an_index_of_another_database_is_rebuilt(self, index, refresh, reference):
        """An older index was restored beside a newer database, whose last rebuild is not in it."""
        reference("件名")
        refresh()
        LiveGeneration.note("0" * 32)
        assert "このデータベースのものではありません" in why_rebuild(index)
        Worker(index).drain()
        assert why_rebuild(index) == ""


class TestRebuild:
    def test_everything_eligible_is_in_the_new_generation(self, index, reference):
        rows = [reference(f"件名{n}") for n in range(5)]
        reference("取り下げ", withdrawn=True)
        seen = []
        assert rebuild(index, lambda done, total: seen.append((done, total))) == 5
        assert titles(index) == {row.public_id for row in rows} and seen[-1] == (5, 5)

    def test_changes_during_a_rebuild_are_applied(self, index, reference, monkeypatch):
        kept, gone = reference("残る"), reference("消える")
        late = []
        create = type(index).create

        def create_and_change(self, stamp):
            name = create(self, stamp)
            gone.delete()
            late.append(reference("遅れて"))
            return name

        monkeypatch.setattr(type(index), "create", create_and_change)
        rebuild(index)
        assert titles(index) == {kept.public_id, late[0].public_id}

    def test_a_killed_rebuild_leaves_the_old_index_working(self, index, refresh, reference, monkeypatch):
        row = reference("件名")
        refresh()
        with monkeypatch.context() as killed:
            killed.setattr(type(index), "swap", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                rebuild(index)
        assert titles(index) == {row.public_id} and len(index.generations()) == 2
        rebuild(index)
        assert titles(index) == {row.public_id} and len(index.generations()) == 1

    def test_of_two_concurrent_rebuilds_the_later_wins(self, index, reference, monkeypatch):
        reference("件名")
        create = type(index).create
        monkeypatch.setattr(
            type(index),
            "create",
            lambda s, stamp: (create(s, stamp), [s.drop(g.name) for g in s.generations() if not g.live], "g999")[2],
        )
        with pytest.raises(RebuildFailed):
            rebuild(index)
        assert [g.live for g in index.generations()] == [True]

    def test_an_invalid_row_does_not_stop_a_rebuild(self, index, reference, monkeypatch):
        bad, good = reference("毒"), reference("薬")
        document = ReferenceSource.document
        monkeypatch.setattr(ReferenceSource, "document", lambda self, o: 1 / 0 if o.pk == bad.pk else document(self, o))
        PendingChange.objects.all().delete()
        rebuild(index)
        assert titles(index) == {good.public_id}
        assert PendingChange.objects.get().key == f"reference:{bad.pk}"

    def test_other_analysis_settings_require_a_rebuild(self, index, settings):
        assert why_rebuild(index) == ""
        settings.SEARCH_DICTIONARY = "core"
        assert "違う決まり" in why_rebuild(index)

    def test_compare_names_the_differences(self, index, refresh, reference):
        row = reference("件名")
        refresh()
        Reference.objects.filter(pk=row.pk).update(withdrawn=True)
        PendingChange.objects.all().delete()
        unseen = Reference.objects.bulk_create(
            [Reference(public_id="X-R07-99999", source=reference_source(), external_id="x", title="静かに入った")]
        )[0]
        difference = compare(index)
        assert (difference.missing, difference.extra) == ({f"reference:{unseen.pk}"}, {f"reference:{row.pk}"})


class TestVerify:
    @pytest.fixture
    def verify(self, index, capsys):
        """The output of the command, and whether it reports a difference."""

        def ask():
            try:
                call_command("search_verify")
            except SystemExit as ended:
                return capsys.readouterr().out, ended.code
            return capsys.readouterr().out, 0

        return ask

    def test_a_change_indexed_during_the_comparison_is_no_difference(
        self, verify, index, refresh, reference, monkeypatch
    ):
        look, late = type(index).entries, []

        def look_and_publish(self, generation=None):
            held = list(look(self, generation))
            if not late:
                late.append(reference("その間に"))
                refresh()
            return iter(held)

        monkeypatch.setattr(type(index), "entries", look_and_publish)
        output, code = verify()
        assert late and code == 0 and "索引にない：0件" in output

    def test_missing_documents_are_listed_with_exit_code_one(self, verify, refresh, reference):
        row = reference("落ちた")
        PendingChange.objects.all().delete()
        output, code = verify()
        assert code == 1 and f"索引にない：reference:{row.pk}" in output

    def test_pending_changes_are_reported_and_are_no_difference(self, verify, refresh, reference):
        gone = reference("消える")
        refresh()
        gone.delete()
        reference("これから")
        output, code = verify()
        assert code == 0 and "索引にない：0件　余分：0件" in output and "reference:" not in output
        assert "これから入ります：1件　これから消えます：1件" in output

    def test_differences_are_listed_and_a_cut_list_says_so(self, verify, refresh, reference):
        rows = [reference(f"件名{n}") for n in range(23)]
        PendingChange.objects.all().delete()
        reference("これから")
        output, code = verify()
        assert code == 1 and "索引にない：23件" in output and f"索引にない：reference:{rows[0].pk}\n" in output
        assert "索引にない：ほか3件" in output and "これから入ります：1件" in output and "search_sync" in output


@pytest.mark.django_db(transaction=True)
def test_saved_to_searchable_within_a_second(index, reference):
    """End to end, with the worker in its own thread as it would be in its own process."""
    worker = Worker(index)
    # PostgreSQL cannot drop a database while a connection to it is open.
    thread = threading.Thread(target=lambda: (worker.run(), connections.close_all()))
    thread.start()
    try:
        waits = []
        for n in range(8):
            row = reference(f"件名{n}")
            saved = time.monotonic()
            while row.public_id not in titles(index):
                assert time.monotonic() - saved < 10
                time.sleep(0.02)
            waits.append(time.monotonic() - saved)
        assert sorted(waits)[len(waits) // 2] < 1
    finally:
        worker.stop.set()
        thread.join(20)
    assert not thread.is_alive()
