"""Beginning to write: go on with a draft, answer three questions, or take a format directly.

Nothing is written here but an empty draft; the form itself is kb.writing.views.write's.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kb.models import Draft, Item
from kb.writing import drafts
from kb.writing.choices import Choice, choice_of, choices
from kb.writing.forms.questions import QuestionsForm
from organization.audience import Audience
from organization.models import Person
from organization.requests import person_of

#: Drafts listed above the formats; the rest are on /my/.
DRAFTS_SHOWN = 3


def label_of(draft: Draft) -> str:
    """What a draft is a draft of: 「KPT」, 「教訓」 …"""
    choice = choice_of(draft.format or draft.kind)
    return choice.label if choice else draft.get_kind_display()


@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """What to go on with, and what can be begun."""
    person = person_of(request)
    begun = Draft.objects.open_of(person)[: 4 * DRAFTS_SHOWN] if person else []
    touched = [draft for draft in begun if not draft.is_untouched]
    begun_here = choices()
    context = {
        "writer": person,
        "drafts": [(draft, label_of(draft)) for draft in touched[:DRAFTS_SHOWN]],
        "more_drafts": len(touched) > DRAFTS_SHOWN,
        "formats": [choice for choice in begun_here if choice.format],
        "others": [choice for choice in begun_here if not choice.format],
    }
    return render(request, "kb/write/choose.html", context)


@login_required
def questions(request: HttpRequest) -> HttpResponse:
    """Three questions, then a proposal with its reason."""
    form = QuestionsForm(request.GET or None)
    proposal = form.proposal() if form.is_bound and form.is_valid() else None
    return render(
        request, "kb/write/questions.html", {"form": form, "proposal": proposal, "writer": person_of(request)}
    )


@login_required
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Begin a draft of a format, a lesson or a challenge; a link shows what will be asked, with a button."""
    choice = choice_of(kind)
    if choice is None:
        raise Http404
    person = person_of(request)
    if request.method != "POST" or person is None:
        return render(request, "kb/write/new.html", {"choice": choice, "writer": person})
    return redirect(_begin(choice, person))


def _begin(choice: Choice, person: Person) -> Draft:
    last = Item.objects.filter(authorships__person=person).order_by("-pk").first()
    defaults = {"audience": str(Audience.UNIT), "themes": [t.code for t in last.themes.all()] if last else []}
    # A second press, or a look and back, must not leave empty drafts behind.
    begun = Draft.objects.open_of(person).filter(kind=choice.type, format=choice.format, version=0, item=None)
    for draft in begun[:10]:
        if draft.is_untouched:
            return draft
    return drafts.start(author=person, kind=choice.type, format=choice.format, data=defaults)
