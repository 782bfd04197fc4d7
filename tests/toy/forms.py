"""The form of a memo."""

from kb.text_cleaning import LongField
from kb.writing.choices import Choice
from kb.writing.forms.common import ItemForm
from kb.writing.forms.screens import Prompt
from tests.toy.models import Memo


class MemoForm(ItemForm):
    idea = LongField(label="思いつき", max_length=300, required=True)

    @classmethod
    def choices(cls):
        return [
            Choice(
                key="memo",
                label="メモ",
                description="思いついたことを一つ書きます。",
                when_to_use="忘れないうちに",
                minutes=1,
                type=Memo.type_code(),
                order=2000,
                situations=("short", "alone"),
                questions=("件名", "思いつき"),
            )
        ]

    @property
    def prompts(self):
        return [Prompt(self["title"]), Prompt(self["idea"])]
