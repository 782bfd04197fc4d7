"""Japanese labels for the steps, the time and the validity of a path."""

from __future__ import annotations

from kb.formats.loading import get_format
from learning.models import PathVersion, Step, StepType
from organization.japanese_dates import era_date
from organization.units.tree import unit_tree

#: The icon of each type of step (static/components/sprite.svg).
ICONS: dict[str, str] = {
    StepType.READ: "article",
    StepType.WRITE: "retrospective",
    StepType.COURSE: "training",
    StepType.ON_JOB: "apply",
    StepType.ASK: "comment",
    StepType.CHECK: "check",
    StepType.EVENT: "calendar",
}
#: The title of a reading step for people who may not open its item.
UNNAMED = "公開範囲の外の記事を読む"
#: The purpose of each step type, shown beside the button that adds a step.
PURPOSES: dict[str, str] = {
    StepType.READ: "教訓やふりかえりを開いて読みます。",
    StepType.WRITE: "自分の仕事をふりかえって公開すると、すみになります。",
    StepType.COURSE: "目録の研修が修了になると、すみになります。",
    StepType.ON_JOB: "仕事でやってみて、したことを書いて送ります。",
    StepType.ASK: "知っている職の人に、話を聴きに行きます。",
    StepType.CHECK: "短い問いに答えて、分かったかを確かめます。",
    StepType.EVENT: "決まった日の行事に出ます。",
}


def minutes_words(minutes: int) -> str:
    """「45分」「2時間」「1時間30分」. From ten hours on, only the hours."""
    hours, remainder = divmod(minutes, 60)
    if not hours:
        return f"{remainder}分"
    return f"{hours}時間{remainder}分" if remainder and hours < 10 else f"{hours}時間"


def target_words(step: Step) -> str:
    """What the step refers to. Empty for a reading: not everybody may know the title of its item."""
    if step.type == StepType.WRITE:
        chosen = get_format(step.format)
        return f"書式：{chosen.label}" if chosen else "どの書式でもよい"
    if step.type == StepType.COURSE and step.course:
        return f"研修：{step.course.title}"
    if step.type == StepType.ASK and step.post:
        return f"聴く相手：{unit_tree().name(step.post.unit_id)} {step.post.title}"
    if step.type == StepType.CHECK:
        return f"{len(step.quiz)}問"
    if step.type == StepType.EVENT and step.held_on:
        return f"{era_date(step.held_on)}{f'　{step.place}' if step.place else ''}"
    return ""


def validity_words(version: PathVersion) -> str:
    if not version.valid_months:
        return "ずっと有効"
    window = f"（終わりの{version.renew_window_days}日前から受け直せます）" if version.renew_window_days else ""
    return f"修了から{version.valid_months}か月{window}"
