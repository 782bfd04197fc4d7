"""Three questions that lead to a proposed format: how much time, with whom, and what happened.

Each choice (kb.writing.choices) names the `situations` for which it is suitable. A format names them in its data file;
a lesson and a challenge name them in their forms. The answers are part of the address and are not stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from kb.writing.choices import Choice, choices

TIME = [("short", "10分くらい"), ("long", "30分以上とれる")]
PEOPLE = [("alone", "ひとりで"), ("team", "関わった人たちと")]
EVENT = [
    ("work", "ふだんの仕事や行事が、一区切りついた"),
    ("first", "はじめての仕事をやってみた"),
    ("trouble", "困ったこと、誤りや障害が起きた"),
    ("training", "研修や派遣から戻った"),
    ("trial", "これから新しいことを試したい"),
    ("challenge", "試していたことを終えた"),
    ("tip", "ほかの人にも役立つことに、一つ気づいた"),
]
#: The answer about what happened counts most. The other two answers decide between formats that are suitable for it.
WEIGHTS = {"event": 4, "people": 2, "time": 2}


@dataclass(frozen=True)
class Proposal:
    """The most suitable choice, the reason for it, and a second choice. There is a second choice only if it is also
    suitable for what happened.
    """

    choice: Choice
    reason: str
    other: Choice | None


class QuestionsForm(forms.Form):
    """The form with the three questions. It is sent by GET. An answer that is not on the list counts as missing."""

    time = forms.ChoiceField(label="どのくらい時間がありますか", choices=TIME, widget=forms.RadioSelect)
    people = forms.ChoiceField(label="だれと書きますか", choices=PEOPLE, widget=forms.RadioSelect)
    event = forms.ChoiceField(label="何がありましたか", choices=EVENT, widget=forms.RadioSelect)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.use_required_attribute = False
        for field in self.fields.values():
            message = f"「{field.label}」に、画面に出ている中から一つ選んで答えてください。"
            field.error_messages |= {"required": message, "invalid_choice": message}

    def proposal(self) -> Proposal:
        """Returns the choice that matches the three answers best. If several match equally well, the first in the list
        wins.
        """
        answers = {name: self.cleaned_data[name] for name in WEIGHTS}
        ranked = sorted(choices(), key=lambda choice: -_score(choice, answers))
        best, second = ranked[0], ranked[1]
        labels = {**dict(TIME), **dict(PEOPLE), **dict(EVENT)}
        matches = [labels[answers[name]] for name in ("event", "people", "time") if answers[name] in best.situations]
        quoted = "、".join(f"「{label}」" for label in matches)
        reason = f"{quoted}に合うからです。" if matches else "どんな時にも書きやすいからです。"
        second_fits = answers["event"] in second.situations
        return Proposal(best, reason, second if second_fits else None)


def _score(choice: Choice, answers: dict[str, str]) -> int:
    return sum(weight for name, weight in WEIGHTS.items() if answers[name] in choice.situations)
