"""The outline of a version (I12): every outline can be completed from top to bottom, and no step waits for a later one."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from learning.models import Step, StepGroup
from learning.paths.structure import Group, Outline

DAY = date(2025, 4, 1)


@st.composite
def outlines(draw):
    groups, pk = [], 0
    for n in range(draw(st.integers(1, 5))):
        rule = draw(st.sampled_from(StepGroup.Rule.values))
        # Also outlines that the editor refuses: an empty group, and more steps needed than the group has.
        row = StepGroup(pk=n + 1, order=n, title=f"{n}", rule=rule, any_n=draw(st.integers(1, 6)))
        steps = []
        for m in range(draw(st.integers(0, 5))):
            pk += 1
            steps.append(Step(pk=pk, group=row, order=m, title=f"{pk}", required=draw(st.booleans()), minutes=pk))
        groups.append(Group(row, tuple(steps)))
    return Outline(tuple(groups))


@given(outlines())
def test_the_next_step_is_always_open_and_leads_to_the_end(shape):
    done: dict = {}
    for n in range(len(shape.steps) + 1):
        step = shape.next_step(done)
        if step is None:
            break
        assert step in shape.open_steps(done)
        done[step.uid] = DAY + timedelta(days=n)
    assert shape.next_step(done) is None
    assert shape.counted(done) == shape.needed == len(done)
    # No step was needed, or the day of the last needed step is the day of completion.
    assert shape.completed_on(done) == (max(done.values()) if done else None)


@given(outlines(), st.randoms(use_true_random=False))
def test_any_order_of_open_steps_ends_and_is_never_stuck(shape, random):
    done: dict = {}
    while open_steps := shape.open_steps(done):
        assert all(
            group.is_satisfied(done) for group in shape.groups[: shape.groups.index(_group(shape, open_steps[-1]))]
        )
        done[random.choice(open_steps).uid] = DAY
    assert set(done) == {step.uid for step in shape.steps}
    assert shape.next_step(done) is None


def _group(shape, step):
    return next(group for group in shape.groups if step in group.steps)


@given(outlines(), st.sets(st.integers(0, 24)))
def test_completion_needs_every_needed_step_and_counts_no_more(shape, chosen):
    done = {step.uid: DAY for n, step in enumerate(shape.steps) if n in chosen}
    assert 0 <= shape.counted(done) <= shape.needed
    finished = all(group.is_satisfied(done) for group in shape.groups)
    assert finished == (shape.next_step(done) is None)
    if shape.needed:
        assert (shape.completed_on(done) is not None) == finished == (shape.counted(done) == shape.needed)


@given(outlines(), st.sets(st.integers(0, 24)), st.integers(0, 24))
def test_doing_more_never_takes_anything_back(shape, chosen, more):
    before = {step.uid for n, step in enumerate(shape.steps) if n in chosen}
    after = before | {step.uid for n, step in enumerate(shape.steps) if n == more}
    for group in shape.groups:
        assert group.is_satisfied(after) or not group.is_satisfied(before)
