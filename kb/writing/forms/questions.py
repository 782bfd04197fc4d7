"""Three questions that propose a format: how much time, with whom, and what happened.

A format says in its data file which `situations` it suits; lessons and challenges answer two situations of their own.
Nothing is stored: the answers are part of the address.
"""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from kb.formats.loading import formats

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
class Choice:
    """Something that can be begun: a format, a lesson or a challenge. `key` is the last part of its address."""

    key: str
    label: str
    description: str
    when_to_use: str
    minutes: int
    type: str
    situations: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


LESSON = Choice(
    "lesson", "教訓", "見たことと、それが役立つ場面を書きます。ほかの所属の人が、同じ場面で使えます。",
    "ほかの人にも役立つことに気づいたとき", 10, "lesson", ("tip",), ("件名", "事実", "使える場面", "県民にとって"),
)  # fmt: skip
CHALLENGE = Choice(
    "challenge", "挑戦", "仮説、失敗の想定、撤退基準を、始める前に書いておきます。うまくいかなくても学びになります。",
    "新しいことを、小さく試す前に", 20, "challenge", ("trial",), ("仮説", "失敗の想定", "小さな試行", "撤退基準"),
)  # fmt: skip


def choices() -> list[Choice]:
    """All that can be begun: the formats in their order, then a lesson and a challenge."""
    found = [
        Choice(
            f.key, f.label, f.description, f.when_to_use, f.minutes, "retrospective", f.situations,
            tuple(s.label for s in f.sections if s.required),
        )
        for f in formats().values()
    ]  # fmt: skip
    return [*found, LESSON, CHALLENGE]


def choice_of(key: str) -> Choice | None:
    return next((choice for choice in choices() if choice.key == key), None)


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
