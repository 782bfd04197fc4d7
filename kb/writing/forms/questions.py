"""Three questions that propose a format: how much time, with whom, and what happened.

Each thing that can be begun says which `situations` it suits (kb.writing.choices): a format in its data file, another
type in its form.
Nothing is stored: the answers are part of the address.
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
#: What happened weighs more than how one would like to write; the rest only breaks ties between formats that suit it.
WEIGHTS = {"event": 4, "people": 2, "time": 2}


@dataclass(frozen=True)
class Proposal:
    """What suits best, why, and what else would do."""

    choice: Choice
    reason: str
    other: Choice | None


class QuestionsForm(forms.Form):
    """GET only; an answer that is not on the list counts as none."""

    time = forms.ChoiceField(label="どのくらい時間がありますか", choices=TIME, widget=forms.RadioSelect)
    people = forms.ChoiceField(label="だれと書きますか", choices=PEOPLE, widget=forms.RadioSelect)
    event = forms.ChoiceField(label="何がありましたか", choices=EVENT, widget=forms.RadioSelect)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.use_required_attribute = False
        for field in self.fields.values():
            again = f"「{field.label}」に、画面に出ている中から一つ選んで答えてください。"
            field.error_messages |= {"required": again, "invalid_choice": again}

    def proposal(self) -> Proposal:
        """The best match of the three answers; of equals, the one that stands first in the list."""
        answers = {name: self.cleaned_data[name] for name in WEIGHTS}
        ranked = sorted(choices(), key=lambda choice: -_score(choice, answers))
        best, second = ranked[0], ranked[1]
        words = {**dict(TIME), **dict(PEOPLE), **dict(EVENT)}
        met = [words[answers[name]] for name in ("event", "people", "time") if answers[name] in best.situations]
        words_met = "、".join(f"「{word}」" for word in met)
        reason = f"{words_met}に合うからです。" if met else "どんな時にも書きやすいからです。"
        fits = answers["event"] in second.situations
        return Proposal(best, reason, second if fits else None)


def _score(choice: Choice, answers: dict[str, str]) -> int:
    return sum(weight for name, weight in WEIGHTS.items() if answers[name] in choice.situations)
