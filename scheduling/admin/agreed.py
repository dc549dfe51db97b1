"""What the people of an imported list have agreed to, said once for the whole file."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.forms import ConfirmImportForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from clinics.models import Channel, User
from medsync.lib import clock
from scheduling.signals import Agreed

CHANNELS = [(c.value, c.label) for c in (Channel.WHATSAPP, Channel.SMS)]
#: The words of the consent ledger, which stands a room higher.
HOW = [
    ("paper", gettext_lazy("on paper, signed")),
    ("desk", gettext_lazy("at the desk")),
    ("call", gettext_lazy("on the phone")),
    ("writing", gettext_lazy("in a message or an e-mail")),
    ("other", gettext_lazy("in another way")),
]


class AgreedForm(ConfirmImportForm):  # type: ignore[misc]
    """Stores the file; with a channel also that everybody in it agreed to answers and reminders there."""

    agreed_channels = forms.MultipleChoiceField(
        label=gettext_lazy("Everybody in this file agreed to answers and reminders by"),
        choices=CHANNELS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Leave it empty when you do not know. It undoes no STOP and no refusal."),
    )
    agreed_how = forms.ChoiceField(
        label=gettext_lazy("How"), choices=HOW, required=False, widget=UnfoldAdminSelectWidget
    )
    agreed_on = forms.DateField(
        label=gettext_lazy("When"), required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    agreed_words = forms.CharField(
        label=gettext_lazy("In which words"),
        max_length=250,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the proof where somebody agreed. Raises ValidationError."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("agreed_channels"):
            if not data.get("agreed_words"):
                self.add_error("agreed_words", _("Write the words that they agreed to."))
            if not data.get("agreed_on"):
                self.add_error("agreed_on", _("Say when they agreed; a day is enough."))
            elif data["agreed_on"] > clock.now().date():
                self.add_error("agreed_on", _("This day is still to come."))
        return data

    def agreed(self, by: User) -> Agreed | None:
        """Return what was said, None when nobody was said to have agreed."""
        data = self.cleaned_data
        if not data.get("agreed_channels"):
            return None
        return Agreed(
            channels=tuple(data["agreed_channels"]),
            how=data["agreed_how"] or "other",
            said_on=data["agreed_on"],
            words=data["agreed_words"],
            by_id=by.pk,
        )
