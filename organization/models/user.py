"""User: an account that can log in.

`Person` tells to whom the account belongs. `organization.access_policy` decides what the account may read. The fields
`first_name`, `last_name` and `email` exist because Wagtail's own user forms write them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models

from organization.models.identity import Identified


class UserManager(BaseUserManager["User"]):
    """The manager of accounts. An account is identified by `login`."""

    def create_user(self, login: str, password: str | None = None, **extra: Any) -> User:
        """Creates an account. Without a password, nobody can log in with the account until a password is set.

        Raises ValueError if `login` is empty.
        """
        extra.setdefault("is_staff", False)
        extra.setdefault("is_superuser", False)
        if not login:
            raise ValueError("a user needs a login")
        user = self.model(login=self.model.normalize_username(login), **extra)
        user.password = make_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, login: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(login, password, **{**extra, "is_staff": True, "is_superuser": True})


class User(Identified, AbstractUser):
    id = models.BigAutoField(primary_key=True)
    username = None  # type: ignore[assignment]  # replaced by login
    login = models.CharField(
        "ログインID",
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(r"^[\w.@+#-]+\Z", "ログインIDには、文字・数字と「. @ + - _」だけを使ってください。")
        ],
        error_messages={"unique": "このログインIDは使われています。別のものにしてください。"},
        help_text="職員番号など。市町村や庁外の人は、頭に区別の文字を付けます。",
    )

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "利用者"
        verbose_name_plural = "利用者"

    def __str__(self) -> str:
        return self.login

    def get_full_name(self) -> str:
        """Returns the name in Japanese order: the family name is first."""
        return f"{self.last_name} {self.first_name}".strip()
