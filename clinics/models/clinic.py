"""A clinic: identity and state only; all its data lives in its own schema."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from medsync.lib.ids import new_id


class ClinicState(models.TextChoices):
    """Where a clinic is in its life; nothing routes to, ticks or counts one that is not ready."""

    PREPARING = "preparing", _("being prepared")  # its schema is being made
    READY = "ready", _("ready")  # works
    CLOSING = "closing", _("closing")  # takes nothing new, is being exported
    GONE = "gone", _("gone")  # its schema was dropped


def validate_zone(value: str) -> None:
    """Refuse what is no IANA time zone."""
    try:
        ZoneInfo(value)
    except (ValueError, KeyError, OSError) as error:
        raise ValidationError(_("Enter an IANA time zone, such as America/New_York.")) from error


class Clinic(TenantMixin):  # type: ignore[misc]
    """The tenant. `schema_name` is made from the id, so that a slug may change."""

    auto_create_schema = False
    auto_drop_schema = False
    schema_name: str  # a field of the mixin

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(
        _("short name"),
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$", _("Use a-z, 0-9 and hyphens."))
        ],
    )
    name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone shown to patients"), max_length=32, blank=True)
    country = models.CharField(_("country"), max_length=2, default="US")
    timezone = models.CharField(_("time zone"), max_length=64, validators=[validate_zone])
    language = models.CharField(_("language"), max_length=12, default="en")
    state = models.CharField(max_length=12, choices=ClinicState.choices, default=ClinicState.PREPARING)
    is_demo = models.BooleanField(default=False)
    # How far a demo clinic's clock was moved forward (or back); a real clinic's stands at zero.
    clock_offset = models.DurationField(default=timedelta(0), editable=False)
    idle_minutes = models.PositiveSmallIntegerField(
        _("minutes until an unused screen locks"),
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(120)],
    )
    second_factor = models.BooleanField(_("everybody needs a second factor"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("clinic")
        verbose_name_plural = _("clinics")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_demo=True) | models.Q(clock_offset=timedelta(0)),
                name="only_demo_clocks_move",
            ),
            models.CheckConstraint(
                condition=models.Q(idle_minutes__gte=5, idle_minutes__lte=120), name="idle_5_to_120_minutes"
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def save(self, *args: object, **kwargs: object) -> None:
        """Store the row; the schema's name follows the id and never changes."""
        if not self.schema_name:
            self.schema_name = "c_" + self.id.hex
        super().save(*args, **kwargs)

    @property
    def zone(self) -> ZoneInfo:
        """Return the clinic's time zone."""
        return ZoneInfo(self.timezone)


class Domain(DomainMixin):  # type: ignore[misc]
    """Unused: clinics are found by path, django-tenants only wants the model."""
