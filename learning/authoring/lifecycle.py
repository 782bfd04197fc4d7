"""The stages of a path (作成中 → 確認待ち → 公開中 → 終了) and the audience of a path. Each change has its own
function, which writes an audit event.

A path whose audience is its own unit becomes active at once. A path with a wider audience needs the consent of the
training office or the knowledge office. The sender may not give this consent if somebody else can give it. A path with
problems is not activated. Paths do not use kb's review list and audience page (LearningPath.HAS_OWN_REVIEW).
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from kb.items.permissions import require_permission
from kb.lifecycle import publication
from kb.lifecycle.publication import WIDTH
from kb.lifecycle.transitions import OWN, notify_authors
from kb.models import Item
from learning.access import path_permissions
from learning.authoring.editing import NOT_YOURS
from learning.models import Assignment, LearningPath, PathVersion, Stage
from learning.paths.problems import problems
from organization import audit, clock
from organization.audience import Audience
from organization.models import User
from organization.notices import notify

NOT_ACCEPTOR = "この学習パスに同意できる担当ではありません。自分が出したものは、ほかの研修担当が確かめます。"


def _locked(path: LearningPath) -> LearningPath:
    return LearningPath.objects.select_for_update(of=("self",)).get(pk=path.pk)


@transaction.atomic
def send(*, path: LearningPath, by: User) -> LearningPath:
    """Send a path in 作成中. A path for the own unit becomes active; for a wider path, the offices are asked for
    consent.

    Raises `stage_moved_on` or `path_problem`.
    """
    row = _locked(path)
    require_permission(path_permissions.may_build(path=row, user=by), NOT_YOURS)
    _require_stage(row, Stage.DRAFT)
    _refuse_problems(row)
    if row.audience in OWN:
        return _activate(row, by, "path.activated")
    row.stage, row.submitted_at = Stage.REVIEW, clock.now()
    row.save(clean=False)
    audit.record(actor=by, action="path.sent", obj=row, after={"stage": row.stage, "audience": row.audience})
    _notify_acceptors(row, by, f"学習パス「{row.title}」の確認をお願いします。")
    return row


@transaction.atomic
def accept(*, path: LearningPath, by: User) -> LearningPath:
    """Give consent. The path becomes active. If an active path has requested a wider audience, it gets this audience."""
    row = _locked(path)
    require_permission(path_permissions.may_accept(path=row, user=by), NOT_ACCEPTOR)
    if row.stage == Stage.REVIEW:
        _refuse_problems(row)
        notify_authors(row, f"学習パス「{row.title}」が公開されました。", row.get_absolute_url())
        return _activate(row, by, "path.activated")
    before = {"audience": row.audience}
    row.audience, row.requested_audience = row.requested_audience, ""
    publication.publish(item=row)
    audit.record(actor=by, action="path.audience", obj=row, before=before, after={"audience": row.audience})
    notify_authors(row, f"学習パス「{row.title}」の公開範囲が広がりました。", row.get_absolute_url())
    return row


@transaction.atomic
def give_back(*, path: LearningPath, by: User, comment: str) -> LearningPath:
    """差戻し: return the path to 作成中 with a comment. An active path stays active, but does not get the wider
    audience.

    Raises `comment_required`, or `comment_too_long` (more than 200 characters).
    """
    row = _locked(path)
    require_permission(path_permissions.may_accept(path=row, user=by), NOT_ACCEPTOR)
    comment = comment.strip()
    if not comment:
        raise ValidationError("差し戻すわけと、どう直すとよいかを書いてください。", code="comment_required")
    if len(comment) > 200:
        raise ValidationError(
            f"ことばは200文字までです。{len(comment) - 200}文字けずってください。", code="comment_too_long"
        )
    if row.stage == Stage.REVIEW:
        row.stage = Stage.DRAFT
    row.requested_audience = ""
    row.save(clean=False)
    audit.record(actor=by, action="path.returned", obj=row, after={"stage": row.stage}, reason=comment)
    notify_authors(row, f"学習パス「{row.title}」が差し戻されました：{comment}", build_url(row))
    return row


@transaction.atomic
def recall(*, path: LearningPath, by: User) -> LearningPath:
    """作成中に戻す: an editor takes back a path that waits for consent, in order to change the path."""
    row = _locked(path)
    require_permission(path_permissions.may_build(path=row, user=by), NOT_YOURS)
    _require_stage(row, Stage.REVIEW)
    row.stage = Stage.DRAFT
    row.save(clean=False)
    audit.record(actor=by, action="path.recalled", obj=row, after={"stage": row.stage})
    return row


@transaction.atomic
def retire(*, path: LearningPath, by: User) -> LearningPath:
    """終了: the path gets no new assignments. Open assignments continue."""
    row = _locked(path)
    require_permission(path_permissions.may_build(path=row, user=by), NOT_YOURS)
    _require_stage(row, Stage.ACTIVE)
    row.stage, row.requested_audience = Stage.RETIRED, ""
    row.save(clean=False)
    audit.record(actor=by, action="path.retired", obj=row, after={"open": row.assignments.open().count()})
    return row


@transaction.atomic
def change_audience(*, path: LearningPath, by: User, audience: str) -> LearningPath:
    """Change the audience. An active path gets a narrower audience at once, but a wider audience only with consent.

    For a path in 作成中 the change needs no consent, because the whole path is still to be sent for review. Raises
    `unknown_audience` or `audience_fixed`.
    """
    row = _locked(path)
    require_permission(path_permissions.may_build(path=row, user=by), NOT_YOURS)
    if audience not in path_permissions.audiences_of(by):
        raise ValidationError("公開範囲は、画面に出ている中から選び直してください。", code="unknown_audience")
    if row.stage not in (Stage.DRAFT, Stage.ACTIVE):
        raise ValidationError("確認待ちや終了の学習パスの公開範囲は、変えられません。", code="audience_fixed")
    before = {"audience": row.audience}
    wider = WIDTH[Audience(audience)] > WIDTH[Audience(row.audience)]
    if row.stage == Stage.ACTIVE and wider:
        row.requested_audience, row.submitted_at = audience, clock.now()
        row.save(clean=False)
        audit.record(actor=by, action="path.audience_asked", obj=row, before=before, after={"asked": audience})
        if path_permissions.may_accept(path=row, user=by):
            return accept(path=row, by=by)  # nobody except the sender can give consent
        _notify_acceptors(row, by, f"学習パス「{row.title}」の公開範囲を広げる確認をお願いします。")
        return row
    row.audience, row.requested_audience = audience, ""
    if row.live:
        publication.publish(item=row)
    else:
        row.save(clean=False)
    audit.record(actor=by, action="path.audience", obj=row, before=before, after={"audience": audience})
    return row


@transaction.atomic
def withdraw(*, path: LearningPath, by: User, reason: str) -> Item:
    """取り下げ: withdraw a path that is not active and has no open assignments. The tombstone shows `reason`. The
    public id stays (I17).

    Raises `path_in_use`.
    """
    row = _locked(path)
    require_permission(path_permissions.may_build(path=row, user=by), NOT_YOURS)
    if row.stage == Stage.ACTIVE or Assignment.objects.open().filter(path=row).exists():
        raise ValidationError(
            "公開中の学習パスは、先に「終了する」を押し、学んでいる人が終えてから取り下げてください。",
            code="path_in_use",
        )
    row.stage = Stage.RETIRED
    row.save(clean=False)
    return publication.withdraw(item=row, user=by, reason=reason)


# --- Shared -----------------------------------------------------------------------------------


def _activate(row: LearningPath, by: User, action: str) -> LearningPath:
    """Set the stage to 公開中, and release the version that the editors have been working on."""
    before = {"stage": row.stage}
    working = row.working_version()
    if working is not None:
        PathVersion.objects.filter(pk=working.pk, released_at__isnull=True).update(released_at=clock.now())
    row.stage = Stage.ACTIVE
    publication.publish(item=row)
    audit.record(actor=by, action=action, obj=row, before=before, after={"stage": row.stage, "audience": row.audience})
    return row


def _refuse_problems(row: LearningPath) -> None:
    version = row.working_version()
    if problems_found := problems(version) if version is not None else []:
        raise ValidationError([ValidationError(problem.text, code="path_problem") for problem in problems_found])


def _require_stage(row: LearningPath, stage: str) -> None:
    if row.stage != stage:
        raise ValidationError(
            "ほかの人が先に進めたようです。画面を開き直して、今の段階を確かめてください。", code="stage_moved_on"
        )


def _notify_acceptors(row: LearningPath, by: User, text: str) -> None:
    for person in path_permissions.acceptors().exclude(pk=by.person.pk):
        notify(person, text=text, url=build_url(row))


def build_url(path: LearningPath) -> str:
    return reverse("path_build", args=[path.public_id])
