"""The administrator's screen for accounts (利用者): it decides who can log in. The person of an account is edited under
職員.

An account cannot be deleted here, because audit events refer to it. To end an account, the administrator unticks 「使える」.
The service account is not shown. Groups cannot be set here, because they are derived from duties (decision 0007).
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms import BaseForm
from django.urls import reverse
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn, TitleColumn
from wagtail.users.forms import UserCreationForm, UserEditForm
from wagtail.users.views.users import CreateView, EditView, IndexView, UserViewSet

from organization import audit
from organization.accounts import SERVICE_LOGIN
from organization.models import User

FIELD_LABELS = {
    "email": ("メールアドレス", "なくてもかまいません。"),
    "first_name": ("名", ""),
    "last_name": ("姓", ""),
    "is_superuser": ("管理者", "管理画面のすべてを直せます。必要な人だけにしてください。"),
    "is_active": ("使える", "退職した人は、消さずに、ここを外します。"),
}


def _adapt_fields(form: BaseForm) -> None:
    """Removes the groups from the form, makes the mail address optional, and sets our labels and help texts."""
    form.fields.pop("groups", None)
    form.fields["email"].required = False
    for name, (label, help_text) in FIELD_LABELS.items():
        if name in form.fields:
            form.fields[name].label, form.fields[name].help_text = label, help_text


class NewUserForm(UserCreationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _adapt_fields(self)


class ExistingUserForm(UserEditForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _adapt_fields(self)


def account_values(user: User) -> dict[str, str | bool]:
    """Returns the values of an account that an audit event records. The password is never included."""
    return {
        name: getattr(user, name) for name in ("login", "last_name", "first_name", "email", "is_active", "is_superuser")
    }


class Users(IndexView):
    page_title = "利用者"
    add_item_label = "利用者を足す"
    search_fields = ("login", "last_name", "first_name", "person__name", "person__kana")
    columns = [
        TitleColumn(
            "login",
            label="ログインID",
            sort_key="login",
            get_url=lambda user: reverse("wagtailusers_users:edit", args=[user.pk]),
        ),
        Column("name", label="氏名", accessor="get_full_name", sort_key="name"),
        BooleanColumn("is_superuser", label="管理者", sort_key="is_superuser", width="10%"),
        BooleanColumn("is_active", label="使える", sort_key="is_active", width="10%"),
        DateColumn("last_login", label="最後のログイン", sort_key="last_login", width="15%"),
    ]

    def get_base_queryset(self) -> QuerySet[User]:
        return super().get_base_queryset().exclude(login=SERVICE_LOGIN)


class Add(CreateView):
    page_title = "利用者を足す"
    success_message = "利用者「%(object)s」を登録しました。"

    def save_instance(self) -> User:
        user = super().save_instance()
        audit.record(actor=self.request.user, action="user.added", obj=user, after=account_values(user))
        return user


class Edit(EditView):
    success_message = "利用者「%(object)s」を保存しました。"
    error_message = "入力に誤りがあるので保存できませんでした。印の付いた所を直してください。"

    def get_queryset(self) -> QuerySet[User]:
        return super().get_queryset().exclude(login=SERVICE_LOGIN)

    def save_instance(self) -> User:
        before = account_values(self.model.objects.get(pk=self.object.pk))
        user = super().save_instance()
        audit.record(
            actor=self.request.user, action="user.changed", obj=user, before=before, after=account_values(user)
        )
        return user


class OfficeUserViewSet(UserViewSet):
    menu_label = "利用者"
    index_view_class = Users
    add_view_class = Add
    edit_view_class = Edit
    copy_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> type[forms.ModelForm]:
        return ExistingUserForm if for_update else NewUserForm
