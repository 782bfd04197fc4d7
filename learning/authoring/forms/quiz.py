"""The form of a CHECK step (a short quiz)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from kb.text_cleaning import LineField
from kb.writing.forms.fields import choice_messages
from learning.authoring.forms.step import StepForm
from learning.models import Step

QUESTIONS, CHOICES = 5, 4


class QuizForm(StepForm):
    """Up to five questions with up to four choices each, as plain fields."""

    OWN = ("quiz",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quiz = self.step.quiz if self.step is not None else []
        del self.fields["completion"]
        for n in range(QUESTIONS):
            question = quiz[n] if n < len(quiz) else {}
            self._add(n, question)

    def _add(self, n: int, question: dict[str, Any]) -> None:
        label, choices = f"問い{n + 1}", question.get("choices", [])
        self.fields[f"question_{n}"] = LineField(
            label=label, called=label, max_length=200, required=False, initial=question.get("question", "")
        )
        for m in range(CHOICES):
            self.fields[f"choice_{n}_{m}"] = LineField(
                label=f"{label}の選択肢{m + 1}",
                max_length=100,
                required=False,
                initial=choices[m] if m < len(choices) else "",
            )
        answer_choices = [("", "選んでください"), *((str(m), f"選択肢{m + 1}") for m in range(CHOICES))]
        answer = question.get("answer")
        self.fields[f"answer_{n}"] = forms.ChoiceField(
            label=f"{label}の正しい答え",
            choices=answer_choices,
            required=False,
            error_messages=choice_messages("正しい答え"),
            initial="" if answer is None else str(answer),
        )
        self.fields[f"note_{n}"] = LineField(
            label=f"{label}の解説", max_length=200, required=False, initial=question.get("note", "")
        )

    @property
    def own(self) -> list[forms.BoundField]:
        return []

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The fields of each question, for the template.

        The first question is open, and so are questions with content or errors.
        """
        questions = []
        for n in range(QUESTIONS):
            names = [f"question_{n}", *(f"choice_{n}_{m}" for m in range(CHOICES)), f"answer_{n}", f"note_{n}"]
            fields = [self[name] for name in names]
            opened = n == 0 or any(field.value() or field.errors for field in fields)
            questions.append({"number": n + 1, "fields": fields, "open": opened})
        return questions

    def initial_of(self, step: Step) -> dict[str, Any]:
        return {name: getattr(step, name) for name in ("title", "why", "minutes", "required")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        quiz = [question for n in range(QUESTIONS) if (question := self._question(n, data))]
        if not quiz and not self.errors:
            self.add_error(
                "question_0",
                ValidationError(
                    "問いがありません。問いの文と、二つ以上の選択肢を書いてください。", code="question_required"
                ),
            )
        data["quiz"] = quiz
        return data

    def _question(self, n: int, data: dict[str, Any]) -> dict[str, Any] | None:
        """Returns question `n` in the format of `Step.quiz`. Returns None if the question is empty or incomplete. For
        an incomplete question, also adds an error.
        """
        question = data.get(f"question_{n}", "").strip()
        texts = [data.get(f"choice_{n}_{m}", "").strip() for m in range(CHOICES)]
        if not question and not any(texts):
            return None
        if not question:
            self.add_error(
                f"question_{n}",
                ValidationError(
                    f"問い{n + 1}の文が空です。文を書くか、選択肢を消してください。", code="question_required"
                ),
            )
        if sum(map(bool, texts)) < 2:
            self.add_error(
                f"choice_{n}_1",
                ValidationError(f"問い{n + 1}の選択肢が足りません。二つ以上書いてください。", code="choices_required"),
            )
        chosen = data.get(f"answer_{n}", "")
        if not chosen or not texts[int(chosen)]:
            self.add_error(
                f"answer_{n}",
                ValidationError(
                    f"問い{n + 1}の正しい答えを、書いた選択肢の中から選んでください。", code="answer_required"
                ),
            )
            return None
        written = [m for m, text in enumerate(texts) if text]
        return {
            "question": question,
            "choices": [texts[m] for m in written],
            "answer": written.index(int(chosen)),
            "note": data.get(f"note_{n}", "").strip(),
        }
