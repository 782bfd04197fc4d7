"""A random organisation for the office's numbers: departments of all sizes, assignments and records in every state."""

from datetime import date, timedelta

from learning.models import AssignmentState, TrainingRecord
from tests.factories.learning import give, make_course, make_path, make_record
from tests.factories.organization import appoint, make_department, make_person, make_post, make_staff, make_unit

TODAY = date(2026, 8, 20)


def make_world(chance, office, *, assignments=150, records=120):
    """People in departments, some of them transferred or gone, with their assignments and training records."""
    units = []
    for number in range(5):
        top = make_department(f"bu-{number}", name=f"第{number}部")
        units += [make_unit(f"ka-{number}-{n}", parent=top) for n in range(2)]
    weights = [9, 9, 6, 6, 3, 3, 1, 1, 1, 1]
    people = [make_staff(unit) for unit in chance.choices(units, weights, k=60)]
    for person in people[:4]:  # moved since
        person.appointments.update(ends_on=TODAY - timedelta(days=40))
        appoint(person, make_post(chance.choice(units)), starts=TODAY - timedelta(days=39))
    for person in people[4:7]:  # left
        person.left_on = TODAY - timedelta(days=9)
        person.save()
    people += [make_person() for _ in range(3)]  # never had a post
    paths = [make_path(office, title=f"学習{n}") for n in range(6)]
    taken = set()
    for _ in range(assignments):
        person, path = chance.choice(people), chance.choice(paths)
        if (person.pk, path.pk) in taken:
            continue
        taken.add((person.pk, path.pk))
        _assign(chance, path, person)
    courses = [make_course(f"K{n}", type=kind) for n, kind in enumerate(("rank", "choice", "dispatch"))]
    for _ in range(records):
        ends = TODAY - timedelta(days=chance.randint(-30, 520))
        make_record(
            chance.choice(people),
            chance.choice([*courses, None]),
            starts_on=ends,
            status=chance.choice([*TrainingRecord.ATTENDED, *TrainingRecord.Status.values]),
            used=chance.choice(["", "", *TrainingRecord.Used.values]),
            obligation=chance.choice(["all", "named", "applied"]),
            origin=chance.choice(["office", "office", "self"]),
            shared=chance.random() < 0.3,
        )
    return people


def _assign(chance, path, person):
    starts = TODAY - timedelta(days=chance.randint(-20, 420))
    due = starts + timedelta(days=chance.randint(0, 120))
    state = chance.choice([*AssignmentState.values, "completed", "completed", "in_progress"])
    values = {"state": state, "shared": chance.random() < 0.3, "source": chance.choice(["manager", "office", "self"])}
    if state == "completed":
        values["completed_on"] = min(TODAY, starts + timedelta(days=chance.randint(0, 150)))
    if state == "waived":
        values["waiver_evidence"] = "前の職場で修了"
    give(path, person, assigned_on=starts, start_on=starts, due_on=due, **values)
