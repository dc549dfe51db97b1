"""Who may be written to: an append-only ledger, and its present state for each channel."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class Purpose(models.TextChoices):
    """What a consent is for."""

    CARE = "care", _("answers and reminders")
    NEWS = "news", _("news")
    ALL = "all", _("everything on the channel")  # STOP and START


class ConsentAction(models.TextChoices):
    """What was said."""

    GRANTED = "granted", _("agreed")
    REFUSED = "refused", _("refused")
    OPTED_OUT = "opted_out", _("opted out")
    OPTED_IN = "opted_in", _("opted in again")


class ConsentSource(models.TextChoices):
    """How we know."""

    WROTE_IN = "wrote_in", _("wrote to the clinic")
    KEYWORD = "keyword", _("sent the word for it")
    PROVIDER = "provider", _("the provider said so")
    STAFF = "staff", _("recorded by staff")
    IMPORT = "import", _("imported")
    API = "api", "API"


class ConsentHow(models.TextChoices):
    """How the patient told a member."""

    DESK = "desk", _("at the desk")
    CALL = "call", _("on the phone")
    PAPER = "paper", _("on paper, signed")
    WRITING = "writing", _("in a message or an e-mail")
    OTHER = "other", _("in another way")


class ChannelConsent(models.Model):
    """The ledger's present state. Null means: never asked."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    contact_point = models.ForeignKey("scheduling.ContactPoint", models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=10)
    opted_out_at = models.DateTimeField(null=True, blank=True)
    care = models.BooleanField(null=True)
    news = models.BooleanField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["channel", "id"]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["contact_point", "channel"], name="consent_once_a_channel")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id}"


class ConsentEvent(models.Model):
    """One line of the ledger; never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    contact_point = models.ForeignKey(
        "scheduling.ContactPoint", models.CASCADE, related_name="consent_events"
    )
    channel = models.CharField(max_length=10)
    purpose = models.CharField(max_length=6, choices=Purpose.choices)
    action = models.CharField(max_length=12, choices=ConsentAction.choices)
    source = models.CharField(max_length=10, choices=ConsentSource.choices)
    wording = models.CharField(max_length=250, blank=True)
    how = models.CharField(  # of what a member recorded; "" otherwise
        max_length=8, choices=ConsentHow.choices, blank=True, default="", db_default=""
    )
    said_on = models.DateField(null=True)  # the day on which it was said, where a member recorded it later
    message = models.ForeignKey("messaging.Message", models.SET_NULL, null=True, related_name="+")
    actor = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("consent entry")
        verbose_name_plural = _("consent entries")

    def __str__(self) -> str:
        return f"{self.action} {self.id}"
