"""「教訓にする」: creates the draft of a lesson from one answer of a retrospective."""

from __future__ import annotations

from kb.models import Draft, Lesson, Retrospective
from kb.writing import drafts
from kb.writing.titles import first_sentence, without_stop
from organization.audience import Audience
from organization.models import Person


def promote(*, retrospective: Retrospective, answer_uid: str, by: Person) -> Draft:
    """Returns the draft of a lesson that is prefilled from one answer. If `by` has an open draft from this answer,
    returns that draft.

    Raises LookupError if the retrospective has no such answer. The audience follows rule I3.
    """
    answer = next((row for row in retrospective.answers.all() if str(row.uid) == answer_uid), None)
    if answer is None:
        raise LookupError(answer_uid)
    open_draft = Draft.objects.open_of(by).filter(kind=Lesson.type_code(), data__source_answer=answer_uid).first()
    if open_draft is not None:
        return open_draft
    citizen_effect = next((row.text for row in retrospective.answers.all() if row.section_key == "citizen"), "")
    data = {
        "title": first_sentence(answer.text)[:60],
        "observation": answer.text,
        "applies_when": f"{without_stop(retrospective.subject)}のような仕事をするとき"[:200],
        "citizen_effect": citizen_effect[:200],
        "kind": Lesson.Kind.GOOD_PRACTICE if answer.section_key in ("keep", "good") else Lesson.Kind.IMPROVE,
        # I3: the new lesson starts with an audience that is not wider than the audience of the retrospective.
        "audience": Audience.SELF if retrospective.audience == Audience.SELF else Audience.UNIT,
        "themes": [theme.code for theme in retrospective.themes.all()],
        "scenes": [scene.code for scene in retrospective.scenes.all()],
        "occurred_on": retrospective.occurred_on.isoformat() if retrospective.occurred_on else "",
        "source_retrospective": retrospective.public_id,
        "source_answer": answer_uid,
    }
    return drafts.start(author=by, kind=Lesson.type_code(), data=data)
