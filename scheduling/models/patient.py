"""Patients and how they are reached."""

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id
from medsync.lib.text import search_key


class Patient(models.Model):
    """A person known to this clinic. An empty name means: not yet named by the patient or by staff."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=160, blank=True)
    called = models.CharField(_("called"), max_length=80, blank=True)
    preferred_language = models.CharField(_("language"), max_length=12, blank=True)
    date_of_birth = models.DateField(_("date of birth"), null=True, blank=True)
    timezone = models.CharField(
        _("time zone"), max_length=64, blank=True, default="", db_default=""
    )  # "": the clinic's
    preferred_channel = models.CharField(
        _("prefers"), max_length=10, blank=True, default="", db_default=""
    )  # clinics.models.Channel; "": the clinic's order
    record_number = models.CharField(_("record number"), max_length=64, blank=True)
    search_key = models.CharField(max_length=250, blank=True, editable=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        constraints = [
            models.UniqueConstraint(
                fields=["record_number"], condition=~Q(record_number=""), name="record_number_once"
            )
        ]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="patient_by_change"),
            models.Index(
                fields=["search_key", "id"],
                condition=Q(merged_into=None) & ~Q(name=""),
                name="patient_by_name",
            ),
            models.Index(fields=["-id"], condition=Q(merged_into=None, name=""), name="patient_unnamed"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def save(self, *args: object, **kwargs: object) -> None:
        """Store the row with its search key."""
        self.search_key = search_key(f"{self.name} {self.called} {self.record_number}")[:250]
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def call_name(self) -> str:
        """Return the name that texts use, or ""."""
        return self.called or self.name.split(" ")[0]


class Relation(models.TextChoices):
    """What the holder of a contact point is to the patient: a child is reached on the phone of the mother."""

    SELF = "self", _("self")
    MOTHER = "mother", _("mother")
    FATHER = "father", _("father")
    DAUGHTER = "daughter", _("daughter")
    SON = "son", _("son")
    PARTNER = "partner", _("partner")
    CARER = "carer", _("carer")
    OTHER = "other", _("other")

    @property
    def turned(self) -> str:
        """Return what the patient is to the holder, "" for the holder themselves."""
        return str(_TURNED[self])


_TURNED: dict[Relation, str | Promise] = {
    Relation.SELF: "",
    Relation.MOTHER: _("child"),
    Relation.FATHER: _("child"),
    Relation.DAUGHTER: _("parent"),
    Relation.SON: _("parent"),
    Relation.PARTNER: _("partner"),
    Relation.CARER: _("in their care"),
    Relation.OTHER: _("other"),
}


class PatientContact(models.Model):
    """A contact point of a patient; one of them is starred for reminders."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="contacts")
    contact_point = models.ForeignKey(
        "scheduling.ContactPoint", models.CASCADE, related_name="patient_contacts"
    )
    relation = models.CharField(_("relation"), max_length=10, choices=Relation.choices, default=Relation.SELF)
    starred = models.BooleanField(_("for reminders"), default=False)
    not_theirs_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-starred", "created_at", "id"]
        verbose_name = _("contact of a patient")
        verbose_name_plural = _("contacts of patients")
        constraints = [
            models.UniqueConstraint(fields=["patient", "contact_point"], name="contact_once_a_patient"),
            models.UniqueConstraint(
                fields=["patient"], condition=Q(starred=True), name="one_starred_contact"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PatientView(models.Model):
    """A member opened a patient's page: one row a member, patient and hour, kept for years."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    user = models.ForeignKey("clinics.User", models.DO_NOTHING, related_name="+")
    hour = models.DateTimeField()  # the hour that `at` lies in
    at = models.DateTimeField(_("opened"))

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("opened page")
        verbose_name_plural = _("opened pages")
        constraints = [
            models.UniqueConstraint(fields=["patient", "user", "hour"], name="view_once_an_hour"),
        ]
        indexes = [
            models.Index(fields=["patient", "-at", "-id"], name="view_by_patient"),
            models.Index(fields=["at"], name="view_by_time"),
        ]

    def __str__(self) -> str:
        return str(self.id)
