"""「教訓にする」: the draft of a lesson, prefilled from one answer of a retrospective."""

from __future__ import annotations

from kb.models import Draft, Lesson, Retrospective
from kb.writing import drafts
from kb.writing.titles import first_sentence, without_stop
from organization.audience import Audience
from organization.models import Person


def promote(*, retrospective: Retrospective, answer_uid: str, by: Person) -> Draft:
    """「教訓にする」: a lesson draft prefilled from one answer, or the one already begun from it."""
    answer = next((a for a in retrospective.answers.all() if str(a.uid) == answer_uid), None)
    if answer is None:
        raise LookupError(answer_uid)
    begun = Draft.objects.open_of(by).filter(kind=Lesson.type_code(), data__source_answer=answer_uid).first()
    if begun is not None:
        return begun
    citizen = next((a.text for a in retrospective.answers.all() if a.section_key == "citizen"), "")
    data = {
        "title": first_sentence(answer.text)[:60],
        "observation": answer.text,
        "applies_when": f"{without_stop(retrospective.subject)}のような仕事をするとき"[:200],
        "citizen_effect": citizen[:200],
        "kind": Lesson.Kind.GOOD_PRACTICE if answer.section_key in ("keep", "good") else Lesson.Kind.IMPROVE,
        # I3: what is derived starts no wider than what it was derived from.
        "audience": Audience.SELF if retrospective.audience == Audience.SELF else Audience.UNIT,
        "themes": [t.code for t in retrospective.themes.all()],
        "scenes": [s.code for s in retrospective.scenes.all()],
        "occurred_on": retrospective.occurred_on.isoformat() if retrospective.occurred_on else "",
        "source_retrospective": retrospective.public_id,
        "source_answer": answer_uid,
    }
    return drafts.start(author=by, kind=Lesson.type_code(), data=data)
