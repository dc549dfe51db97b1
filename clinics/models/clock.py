"""When something is due in a clinic: periodic work visits only those."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class ClinicClock(models.Model):
    """The next time a job has something to do in a clinic. `clinics.clocks` is the only writer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey("clinics.Clinic", models.CASCADE, related_name="+")
    job = models.CharField(max_length=40)
    next_at = models.DateTimeField()

    class Meta:
        ordering = ["next_at", "id"]
        verbose_name = _("clock of a clinic")
        verbose_name_plural = _("clocks of clinics")
        constraints = [models.UniqueConstraint(fields=["clinic", "job"], name="clock_once_a_job")]
        indexes = [models.Index(fields=["job", "next_at"], name="clock_due")]

    def __str__(self) -> str:
        return f"{self.job} {self.clinic_id}"


class PersonReached(models.Model):
    """Somebody whom an account wrote to outside of a window; those of the last 24 hours count against its limit.

    Meta counts people for each account, whatever clinic they belong to: hence in the shared schema, and the person
    only as a keyed hash.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey("clinics.ProviderAccount", models.CASCADE, related_name="+")
    person = models.CharField(max_length=64)  # HMAC of the address
    at = models.DateTimeField()  # the latest time
    # By reminders alone: they do not count against the part that other texts may use.
    reminder = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["-at", "id"]
        verbose_name = _("person reached")
        verbose_name_plural = _("people reached")
        constraints = [models.UniqueConstraint(fields=["account", "person"], name="reached_once_an_account")]
        indexes = [models.Index(fields=["account", "at"], name="reached_lately")]

    def __str__(self) -> str:
        return str(self.id)
