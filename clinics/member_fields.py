"""Choosing a member of the clinic in its admin: never anybody of another clinic."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from clinics.models import Clinic, User


class MemberChoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Present members of one clinic, by name."""

    def __init__(self, clinic: Clinic, **kwargs: Any) -> None:
        members = User.objects.filter(memberships__clinic=clinic, memberships__ended_at=None)
        super().__init__(queryset=members, widget=UnfoldAdminSelectWidget, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        """Return the name."""
        return str(obj.get_full_name())
