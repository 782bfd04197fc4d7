"""The pages before the form: continue a draft, choose a format, or answer three questions.

These pages store nothing except an empty draft. The form itself is in kb.writing.views.write.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kb.models import Draft, Item
from kb.writing import drafts
from kb.writing.choices import Choice, choices, find_choice
from kb.writing.forms.questions import QuestionsForm
from organization.audience import Audience
from organization.models import Person
from organization.requests import person_of

#: The number of drafts that are listed above the formats. /my/ lists all drafts.
DRAFTS_SHOWN = 3


def draft_label(draft: Draft) -> str:
    """Returns the name of the draft's format or item type: 「KPT」, 「教訓」 …"""
    choice = find_choice(draft.format or draft.kind)
    return choice.label if choice else draft.get_kind_display()


@login_required
def choose_format(request: HttpRequest) -> HttpResponse:
    """Shows the open drafts of the writer, and the choices that can be begun."""
    person = person_of(request)
    open_drafts = Draft.objects.open_of(person)[: 4 * DRAFTS_SHOWN] if person else []
    touched = [draft for draft in open_drafts if not draft.is_untouched]
    offered = choices()
    context = {
        "writer": person,
        "drafts": [(draft, draft_label(draft)) for draft in touched[:DRAFTS_SHOWN]],
        "more_drafts": len(touched) > DRAFTS_SHOWN,
        "formats": [choice for choice in offered if choice.format],
        "others": [choice for choice in offered if not choice.format],
    }
    return render(request, "kb/write/choose.html", context)


@login_required
def propose_format(request: HttpRequest) -> HttpResponse:
    """Asks three questions, then shows the proposed format and the reason for it."""
    form = QuestionsForm(request.GET or None)
    proposal = form.proposal() if form.is_bound and form.is_valid() else None
    return render(
        request, "kb/write/questions.html", {"form": form, "proposal": proposal, "writer": person_of(request)}
    )


@login_required
def begin_draft(request: HttpRequest, kind: str) -> HttpResponse:
    """GET shows what the form will ask, with a button. POST creates a draft of the chosen format, lesson
    or challenge.
    """
    choice = find_choice(kind)
    if choice is None:
        raise Http404
    person = person_of(request)
    if request.method != "POST" or person is None:
        return render(request, "kb/write/new.html", {"choice": choice, "writer": person})
    return redirect(_new_draft(choice, person))


def _new_draft(choice: Choice, person: Person) -> Draft:
    """Returns a draft with the themes of the writer's last item. If there is an untouched draft of the same kind, it is
    used again.
    """
    last = Item.objects.filter(authorships__person=person).order_by("-pk").first()
    defaults = {"audience": str(Audience.UNIT), "themes": [theme.code for theme in last.themes.all()] if last else []}
    # Without this, a person who presses the button twice or goes back to the list would collect empty drafts.
    unsaved = Draft.objects.open_of(person).filter(kind=choice.type, format=choice.format, version=0, item=None)
    for draft in unsaved[:10]:
        if draft.is_untouched:
            return draft
    return drafts.start(author=person, kind=choice.type, format=choice.format, data=defaults)
