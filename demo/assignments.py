"""The assignments of the demo: which people have which path, and how far each person has come.

The people of 県民相談センター have no assignment, because assigning their first path is the first task for `shochou`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from demo.assignment_batches import AssignmentBatch, AssignmentBatchLoader
from demo.learning import PathLoader, People
from demo.world import Staff
from kb.models import Retrospective
from learning.assignments import adjustments
from learning.models import (
    Assignment,
    AssignmentRule,
    AssignmentState,
    LearningPath,
    Message,
    Reminder,
    Source,
    SuccessorProposal,
    Suspension,
)
from learning.paths.structure import outlines
from learning.progress import recording
from organization import audit, clock
from organization.fiscal import fiscal_year, fiscal_year_start
from organization.models import Appointment, Notice, User
from organization.working_days import working_days_before

#: The unit whose people have no assignment yet.
UNASSIGNED_UNIT = "soudan"
#: The number of people who have completed the first path.
FINISHED = 12


class AssignmentLoader(AssignmentBatchLoader):
    # --- The people whom the head of 県民協働課 manages -------------------------------------------

    def load_unit(self) -> None:
        seat = self.people
        head = seat["shochou"].user
        assert head is not None
        # The first assignment has expired. The second can be renewed now.
        for name, days_ago in (("kyodo/係長/3", 420), ("kyodo/課長補佐/1", 350)):
            self.assign(
                AssignmentBatch("kojin", [seat[name]], days_ago, by="kenshu", reason="年に一度の確認です。", done=[7])
            )
        names = (
            "係長/1",
            "主査/1",
            "主任/2",
            "主任/1",
            "主任/3",
            "係長/2",
            "主任/4",
            "主事/2",
            "主査/2",
            "主事/3",
            "主査/3",
            "課長/1",
        )
        year = self.assign(
            AssignmentBatch(
                "kojin",
                [seat[f"kyodo/{name}"] for name in names],
                75,
                by="kenshu",
                reason="個人情報を扱う全員が、年に一度学びます。",
                done=[7, 7, 7, 2, 3, 4, 6, 6, 1, 0, 0, 2],
            )
        )
        self.submit_step(year[seat["kyodo/主任/4"].pk], 6, "登録団体の名簿から、担当者の携帯番号の列を消した。", 2)
        returned = self.submit_step(year[seat["kyodo/主事/2"].pk], 6, "名簿を見直した。", 6)
        on = max(self.today - timedelta(days=5), year[seat["kyodo/主事/2"].pk].start_on)
        with clock.moved_to(on):
            recording.decide_step(
                progress=returned, user=head, accept=False, comment="どの列を、なぜ消したかを一行足してください。"
            )
            adjustments.waive(
                assignment=year[seat["kyodo/主事/3"].pk],
                user=head,
                reason="前の職で、この研修の講師を務めていました。",
                evidence="研修講師の委嘱の記録（昨年度）",
            )
        self.suspend(year[seat["kyodo/主査/2"].pk])
        self._load_meetings(head)

    def _load_meetings(self, head: User) -> None:
        """Loads the assignments of 住民説明会の進め方: one is late and reminded, one is extended, one is cancelled, and one
        waits for the head.
        """
        seat = self.people
        first = [seat[f"kyodo/{name}"] for name in ("主任/3", "係長/2", "係長/3")]
        reason = "夏の説明会を持つ三人に、先にやった人の失敗を読んでほしいからです。"
        rows = self.assign(AssignmentBatch("setsumei", first, 130, by="shochou", reason=reason, done=[2, 1, 0]))
        late, longer, ended = (rows[person.pk] for person in first)
        with clock.moved_to(max(self.today - timedelta(days=12), longer.start_on)):
            adjustments.extend(
                assignment=longer,
                user=head,
                due_on=max(longer.due_on, self.today) + timedelta(days=30),
                reason="補助金の審査会と重なったため。",
            )
            adjustments.cancel(assignment=ended, user=head, reason="説明会の担当が替わったため。")
        second = [seat["kyodo/主任/2"], seat["shippitsu"]]
        reason = "冬のタウンミーティングを、二人で準備してください。"
        rows = self.assign(AssignmentBatch("setsumei", second, 40, by="shochou", reason=reason, done=[2, 3]))
        self.submit_step(
            rows[second[0].pk], 2, "木曜の19時に行った。隣の部屋の太鼓、暗い駐車場、響くマイク。会場を二階に替えた。", 1
        )
        self.remind(late, head)

    def suspend(self, row: Assignment) -> None:
        """Suspends the assignment, because the person is on 育休."""
        begun = max(self.today - timedelta(days=40), row.start_on)
        post = self.people.post("kyodo/主査/2")
        leave = Appointment.objects.create(
            person=row.person,
            post=post,
            kind=Appointment.Kind.CHILDCARE,
            starts_on=begun,
            ends_on=begun + timedelta(days=330),
            announced_on=begun - timedelta(days=30),
        )
        Suspension.objects.create(assignment=row, leave=leave)
        with clock.moved_to(begun):
            row.state = AssignmentState.SUSPENDED
            row.save(update_fields=["state"])
            audit.record(actor=None, action="assignment.suspended", obj=row, after={"from": begun})

    def remind(self, row: Assignment, head: User) -> None:
        """Stores the reminders to a person who is late: three from the daily job and one from the head."""
        title, due = row.path.title, row.due_on
        kinds = Reminder.Kind
        reminders = (
            (kinds.BEFORE_14, due - timedelta(days=14), f"「{title}」の期限まで、あと14日です。"),
            (kinds.BEFORE_3, due - timedelta(days=3), f"「{title}」の期限まで、あと3日です。"),
            (
                kinds.AFTER_1,
                due + timedelta(days=1),
                f"「{title}」の期限を1日過ぎました。次の一歩だけ、進めてみませんか。",
            ),
            (
                kinds.MANAGER,
                self.today - timedelta(days=4),
                f"「{title}」の下見の所で止まっているようです。難しい所があれば、金曜の午後に話しましょう。",
            ),
        )
        days: set[date] = set()
        for kind, day, text in reminders:
            on = working_days_before(day, 1)
            if not row.start_on <= on <= self.today or on in days:
                continue
            days.add(on)
            at = datetime.combine(on, time(9, 0), clock.TOKYO)
            by = head.person if kind == kinds.MANAGER else None
            about = on if by else due
            Reminder.objects.create(assignment=row, kind=kind, about=about, text=text if by else "", by=by, made_at=at)
            body = f"{row.person.name}さん\n\n{text}\n\nわたしの学び：/my/learning/{row.uid}/\n"
            Message.objects.create(
                person=row.person, on=on, subject="学習のお知らせ", body=body, by=by, made_at=at, sent_at=at
            )

    # --- The other people ----------------------------------------------------------------------

    def load_personas(self) -> None:
        newcomer = self.people["shinjin"]
        reason = "4月に入った人が、最初の百日に学びます。"
        self.assign(AssignmentBatch("hyakunichi", [newcomer], 20, by="kenshu", reason=reason, done=[3]))
        self.enrol("ouen", "shinjin", 12, shared=True, done=2)
        self.enrol("data", "shinjin", 5, shared=False)
        self.enrol("data", "shippitsu", 30, shared=True, done=3)
        self.enrol("ouen", "shippitsu", 9, shared=False, done=1)

    def load_rules(self) -> None:
        """Loads two rules: one for newcomers from next April on (this year's newcomers are assigned by hand), and one
        for new heads.
        """
        by = self.people.post("kenshu")
        coming = fiscal_year_start(fiscal_year(self.today) + 1)
        AssignmentRule.objects.create(
            path=self.paths["hyakunichi"],
            newcomers=True,
            reason="県に入った人が、最初の百日に学びます。",
            by_post=by,
            starts_on=coming,
        )
        rule = AssignmentRule.objects.create(
            path=self.paths["kacho"],
            heads=True,
            transferred=True,
            bound_to_post=True,
            by_post=by,
            starts_on=self.year_began,
            reason="所属長になった人が、最初の三か月に学びます。",
        )
        # This is loaded first and begins on the first day of the fiscal year. So some heads have completed it by now,
        # and some are late.
        heads = [
            s for s in self.people.world.staff if s.is_head and s.since == self.year_began and s.employment == "regular"
        ]
        people = [self.people.people[s.number] for s in sorted(heads, key=lambda s: s.unit)]
        days = (self.today - self.year_began).days
        batch = AssignmentBatch("kacho", people, days, rule=rule, reason=rule.reason, bound=True, done=[5, 4, 3])
        rows = self.assign(batch)
        centre = rows[self.people.head(UNASSIGNED_UNIT).pk]
        if centre.is_open and (user := self.people["shochou"].user):
            adjustments.extend(
                assignment=centre,
                user=user,
                due_on=max(centre.due_on, self.today) + timedelta(days=20),
                reason="開設の準備が夏まで続いたため。",
            )

    def load_others(self) -> None:
        """Loads assignments in the other units, so that the page of the training office has something to count."""
        staff = [
            s for s in self.people.world.staff if s.employment == "regular" and s.unit not in ("kyodo", UNASSIGNED_UNIT)
        ]
        free = [s for s in staff if not s.login and s.since < self.year_began]
        yearly = [s for n, s in enumerate(free) if n % 5 < 3]
        reason = "個人情報を扱う全員が、年に一度学びます。"
        self._assign_many("kojin", yearly, 75, reason, (7, 7, 3, 7, 0, 5, 7, 1, 7, 6))
        field_units = ("bosai", "doro", "nanken", "hokubu", "korei")
        field_staff = [s for s in free if s.unit in field_units and s.rank in ("主査", "主任", "係長")]
        self._assign_many("ouen", field_staff, 26, "台風の季節の前に、応援に出る人が学びます。", (6, 6, 2, 6, 4, 0))
        self._assign_many(
            "data", [s for s in free if s.rank == "係長"][::2], 170, "来年度の指標を考える前に。", (6, 6, 3, 6)
        )
        self._assign_many(
            "setsumei-nanken", [s for s in free if s.unit == "nanken"][:5], 30, "春の工事の会の前に。", (3, 1, 0)
        )
        new = [s for s in staff if not s.login and s.joined == self.year_began]
        reason = "4月に入った人が、最初の百日に学びます。"
        self._assign_many("hyakunichi", new[:-2], 60, reason, (8, 5, 6, 2, 7, 3))
        self._assign_many("hyakunichi", new[-2:], 112, reason, (4, 6))
        self._assign_kpt_writers(free)

    def _assign_kpt_writers(self, staff: Sequence[Staff]) -> None:
        """Loads completed assignments of the first path. They belong to people who were newcomers at that time and have
        written a KPT since.
        """
        people = {self.people.people[s.number].pk: s for s in staff}
        written = Retrospective.objects.filter(format="kpt", authorships__person__in=people).order_by(
            "occurred_on", "slug"
        )
        seen: set[int] = set()
        for person_id, on in written.values_list("authorships__person", "occurred_on"):
            assigned_on = on - timedelta(days=60)
            new = assigned_on - timedelta(days=500) <= people[person_id].since <= assigned_on
            if new and person_id not in seen and len(seen) < FINISHED and on < self.today - timedelta(days=20):
                seen.add(person_id)
                days_ago = (self.today - assigned_on).days
                self._assign_many(
                    "hyakunichi", [people[person_id]], days_ago, "所属が替わった人が、最初の百日に学びます。", (8,)
                )

    def _assign_many(
        self, path: str, staff: Sequence[Staff], days_ago: int, reason: str, steps_done: Sequence[int]
    ) -> None:
        """Assigns `path` to all people in `staff`. The numbers of completed steps are taken from `steps_done` one after
        another, again and again.
        """
        people = [self.people.people[s.number] for s in staff]
        done = [steps_done[n % len(steps_done)] for n in range(len(people))]
        self.assign(AssignmentBatch(path, people, days_ago, by="kenshu", reason=reason, done=done))

    def load_successor(self) -> None:
        """Loads a case in which a successor is proposed: somebody left 県民協働課 on 1 April, and the head decides whether
        the next holder gets the assignment.
        """
        world, since = self.people.world, self.year_began
        moved = next(
            s
            for s in world.staff
            if s.since == since
            and not s.former_unit
            and s.joined < since
            and not s.is_head
            and s.unit != UNASSIGNED_UNIT
        )
        person, post = self.people.people[moved.number], self.people.post("kyodo/主事/1")
        Appointment.objects.create(
            person=person,
            post=post,
            starts_on=moved.joined,
            ends_on=since - timedelta(days=1),
            announced_on=moved.joined,
        )
        path: LearningPath = self.paths["setsumei"]
        version = path.current_version()
        assert version is not None
        assigned_on = since - timedelta(days=50)
        row = Assignment.objects.create(
            person=person,
            path=path,
            version=version,
            post=post,
            source=Source.MANAGER,
            assigned_on=assigned_on,
            start_on=assigned_on,
            assigned_by=self.people["shochou"],
            due_on=assigned_on + timedelta(days=120),
            state=AssignmentState.CANCELLED,
            steps_needed=outlines([version.pk])[version.pk].needed,
            closed_on=since,
            reason="タウンミーティングの担当として学んでください。",
            closing_reason="異動により、職に結びつく割当が終わりました。",
        )
        SuccessorProposal.objects.create(ended=row, post=post, path=path, made_on=since)


def load_assignments(*, people: People, paths: PathLoader) -> None:
    """Stores all assignments of the demo. Marks the notices that are older than ten days as read."""
    loader = AssignmentLoader(people=people, paths=paths)
    loader.load_rules()
    loader.load_successor()
    loader.load_unit()
    loader.load_personas()
    loader.load_others()
    old = clock.now() - timedelta(days=10)
    Notice.objects.filter(made_at__lt=old, read_at__isnull=True).update(read_at=clock.now())
