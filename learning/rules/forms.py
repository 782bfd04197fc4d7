"""The form of an assignment rule. It offers only the units and paths that its user may choose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from kb.text_cleaning import LineField
from kb.writing.forms.fields import DayField, choice_messages
from learning.access import permissions
from learning.models import AssignmentRule
from learning.paths.titles import PathTitles
from learning.rules import editing
from organization import clock
from organization.access_policy import reader_for
from organization.models import OrgUnit, User
from organization.units.tree import unit_tree

EVERYWHERE = ("", "全庁")
MAX_YEARS = 45
#: Separators between the words of one line: 「主事、主任」.
SEPARATORS = re.compile("[、，,・\\s]+")


class RuleForm(forms.Form):
    path = forms.ChoiceField(label="学習パス", error_messages=choice_messages("学習パス"))
    unit = forms.ChoiceField(
        label="所属",
        required=False,
        help_text="この所属と、その下の所属の職員に限ります。",
        error_messages=choice_messages("所属"),
    )
    newcomers = forms.BooleanField(label="新任（今年度に採用）", required=False)
    transferred = forms.BooleanField(label="転入（今年度に今の職へ異動）", required=False)
    heads = forms.BooleanField(label="所属長の職", required=False)
    titles = LineField(
        label="職名", max_length=300, required=False, help_text="いくつでも。「、」で区切ります。例：主事、主任"
    )
    unit_kinds = forms.MultipleChoiceField(
        label="所属の区分",
        required=False,
        choices=OrgUnit.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages=choice_messages("所属の区分"),
    )
    years = LineField(
        label="年次", max_length=60, required=False, help_text="採用から何年目か。「、」で区切ります。例：3、10"
    )
    reason = LineField(label="理由", max_length=300, required=True, help_text="割り当てられた本人が、最初に読みます。")
    starts_on = DayField(label="この日から", required=True)
    ends_on = DayField(label="最後の日", help_text="空なら、ずっと続きます。終わらせるときは、最後の日を入れます。")
    bound_to_post = forms.BooleanField(
        label="職に結びつける",
        required=False,
        help_text="職を離れると終わり、後任への割当を所属長に提案します。",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User, rule: AssignmentRule) -> None:
        super().__init__(data, initial=self._initial(rule), label_suffix="")
        self.user, self.rule = user, rule
        self.paths = {path.public_id or str(path.pk): path for path in editing.paths_for(user)}
        if rule.pk and rule.path not in self.paths.values():
            self.paths[rule.path.public_id or str(rule.path_id)] = rule.path
        # A rule may hold a path that its editor may not open (I16).
        titles = PathTitles(user, [path.pk for path in self.paths.values()])
        path_choices = [(key, titles.of(path.pk)) for key, path in self.paths.items()]
        self._choices("path", [("", "選んでください"), *path_choices])
        self._choices("unit", [*([EVERYWHERE] if permissions.is_office(user) else []), *self.units.values()])
        if not permissions.is_office(user):
            self.fields["unit"].required = True
        if editing.is_used(rule):
            # A disabled field keeps its value, whatever the browser sends.
            for name, field in self.fields.items():
                field.disabled = name not in editing.EDITABLE_WHEN_USED

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @cached_property
    def units(self) -> dict[int, tuple[str, str]]:
        """Maps the pk of each unit to its uid, which is its value in the form, and to its name after the names of the
        units above.
        """
        tree = unit_tree()
        managed = None if permissions.is_office(self.user) else reader_for(self.user).managed_unit_ids
        units = {}
        for pk, row in sorted(tree.units.items(), key=lambda entry: entry[1].code):
            if tree.is_in_force(pk) and (managed is None or pk in managed):
                above = [tree.name(unit) for unit in reversed(tree.ancestors(pk))]
                units[pk] = (row.uid, " ".join([*above, tree.name(pk)]))
        if self.rule.unit_id and self.rule.unit_id not in units:
            units[self.rule.unit_id] = (tree.uid(self.rule.unit_id), tree.name(self.rule.unit_id))
        return dict(sorted(units.items(), key=lambda entry: entry[1][1]))

    def _initial(self, rule: AssignmentRule) -> dict[str, Any]:
        if rule.pk is None:
            return {"starts_on": clock.today()}
        return {
            "path": rule.path.public_id or str(rule.path_id),
            "unit": unit_tree().uid(rule.unit_id) if rule.unit_id else "",
            **{
                name: getattr(rule, name)
                for name in ("newcomers", "transferred", "heads", "unit_kinds", "bound_to_post")
            },
            **{name: getattr(rule, name) for name in ("reason", "starts_on", "ends_on")},
            "titles": "、".join(rule.titles),
            "years": "、".join(str(year) for year in rule.years),
        }

    def clean_titles(self) -> list[str]:
        words = [word for word in SEPARATORS.split(self.cleaned_data["titles"]) if word]
        return list(dict.fromkeys(words))

    def clean_years(self) -> list[int]:
        words = [word for word in SEPARATORS.split(unicodedata.normalize("NFKC", self.cleaned_data["years"])) if word]
        years = []
        for word in words:
            number = word.removesuffix("年目").removesuffix("年")
            if not (number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= MAX_YEARS):
                raise ValidationError(
                    f"「年次」は、1から{MAX_YEARS}までの数字を「、」で区切って入れてください。", code="invalid_years"
                )
            years.append(int(number))
        return sorted(set(years))

    def clean(self) -> dict[str, Any]:
        cleaned_data: dict[str, Any] = super().clean() or {}
        starts, ends = cleaned_data.get("starts_on"), cleaned_data.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error(
                "ends_on",
                ValidationError(
                    "最後の日が、始まりの日より前です。始まりの日か、それより後の日にしてください。",
                    code="ends_before_start",
                ),
            )
        criteria = ("newcomers", "transferred", "heads", "titles", "unit_kinds", "years")
        if not self.errors and not any(cleaned_data.get(name) for name in criteria):
            self.add_error(
                None,
                ValidationError(
                    "だれに割り当てるかを、一つ以上選んでください。選ばないと、全員に届いてしまいます。",
                    code="criteria_required",
                ),
            )
        return cleaned_data

    def rule_from_input(self) -> AssignmentRule:
        """The rule with the values of the form, not saved."""
        cleaned_data, rule = self.cleaned_data, self.rule
        rule.path = self.paths[cleaned_data["path"]]
        rule.unit_id = next((pk for pk, (uid, _) in self.units.items() if uid == cleaned_data["unit"]), None)
        for name in ("newcomers", "transferred", "heads", "titles", "unit_kinds", "years", "bound_to_post", "reason"):
            setattr(rule, name, cleaned_data[name])
        rule.starts_on, rule.ends_on = cleaned_data["starts_on"], cleaned_data["ends_on"]
        return rule
