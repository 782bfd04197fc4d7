"""Which form each type of step has."""

from __future__ import annotations

from learning.models import StepType
from learning.paths.forms.lookup import AskForm, ReadForm
from learning.paths.forms.quiz import QuizForm
from learning.paths.forms.step import CourseForm, EventForm, JobForm, StepForm, WriteForm

FORMS: dict[str, type[StepForm]] = {
    StepType.READ: ReadForm,
    StepType.WRITE: WriteForm,
    StepType.COURSE: CourseForm,
    StepType.ON_JOB: JobForm,
    StepType.ASK: AskForm,
    StepType.CHECK: QuizForm,
    StepType.EVENT: EventForm,
}
