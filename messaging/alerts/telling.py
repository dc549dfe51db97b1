"""Telling members: who, by what, and not while they want quiet. Each way of each member at most once an alert."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from clinics.models import Clinic, ProviderAccount, PushSubscription, User
from clinics.permissions import Action, who_may
from clinics.queries import members_of
from clinics.tenancy import clinic_url, current_clinic
from medsync.lib import clock
from messaging.alerts import push
from messaging.alerts.watching import STILL_NEWS
from messaging.models import Alert, AlertChannel, AlertDelivery, AlertKind, AlertSettings, WorkState
from scheduling.models import Status

logger = logging.getLogger(__name__)

SENT, QUIET, GONE = "sent", "quiet", "gone"
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """What a member reads outside of the page: no name, no word of a patient."""

    title: str
    body: str
    url: str
    tag: str


def tell_all(*, now: datetime) -> None:
    """Tell the members of the entered clinic what they were not told yet. Idempotent; runs beside itself."""
    clinic = current_clinic()
    untold = Alert.objects.filter(told_at=None, created_at__gt=now - STILL_NEWS)
    alerts = list(
        untold.select_related("conversation", "appointment", "account").order_by("created_at", "id")[:_BATCH]
    )
    if not alerts:
        return
    users = [member.user for member in members_of(clinic) if member.user.is_active]
    wishes = {row.user_id: row for row in AlertSettings.objects.filter(user__in=users)}
    browsers: dict[UUID, list[PushSubscription]] = {}
    for row in PushSubscription.objects.filter(user__in=users):
        browsers.setdefault(row.user_id, []).append(row)
    for alert in alerts:
        if not _is_over(alert):
            for user in _concerned(alert, users):
                wish = wishes.get(user.pk) or AlertSettings(user=user)
                _tell(alert, user, wish, browsers.get(user.pk, []), clinic, now=now)
        Alert.objects.filter(pk=alert.pk, told_at=None).update(told_at=now)


def tell_test(user: User) -> str:
    """Send this member a test to every browser; return "sent", or why not: "none", "gone" or a code."""
    browsers = list(PushSubscription.objects.filter(user=user))
    if not browsers:
        return "none"
    with translation.override(user.language or settings.LANGUAGE_CODE):
        notice = Notice(
            current_clinic().name,
            _("This is a test. So it looks when somebody waits."),
            clinic_url(current_clinic(), "alerts:page"),
            "test",
        )
    return _push(browsers, notice)


def is_quiet(wish: AlertSettings, at: time) -> bool:
    """Tell whether the member wants quiet at that wall time of the clinic; the span may go over midnight."""
    begin, end = wish.quiet_from, wish.quiet_until
    if begin is None or end is None or begin == end:
        return False
    return begin <= at < end if begin < end else at >= begin or at < end


def _is_over(alert: Alert) -> bool:
    """Tell whether somebody has seen to it already."""
    if alert.kind == AlertKind.REQUEST:
        return alert.appointment is None or alert.appointment.status != Status.PENDING_REVIEW
    if alert.kind == AlertKind.ACCOUNT:
        account = alert.account
        works = account is None or account.stopped_at is None
        return works and (account is None or account.state != ProviderAccount.State.REFUSED)
    return alert.conversation is None or alert.conversation.work_state != WorkState.NEEDS_REPLY


def _concerned(alert: Alert, users: list[User]) -> Iterable[User]:
    """Return who has the thread; where nobody has it, or it is a request, everybody; of an account its leaders."""
    if alert.kind == AlertKind.ACCOUNT:
        leaders = who_may(current_clinic(), Action.MANAGE_SENDERS)
        return [user for user in users if user.pk in leaders]
    assignee = alert.conversation.assignee_id if alert.conversation else None
    if alert.kind == AlertKind.REQUEST or assignee is None:
        return users
    return [user for user in users if user.pk == assignee] or users


def _tell(
    alert: Alert,
    user: User,
    wish: AlertSettings,
    browsers: list[PushSubscription],
    clinic: Clinic,
    *,
    now: datetime,
) -> None:
    if not getattr(wish, alert.kind):
        return
    ways = []
    if wish.push and browsers:
        ways.append(AlertChannel.PUSH)
    if wish.email and settings.HAS_EMAIL:
        ways.append(AlertChannel.EMAIL)
    for way in ways:
        delivery = AlertDelivery(alert=alert, user=user, channel=way, created_at=now)
        stored = AlertDelivery.objects.bulk_create([delivery], ignore_conflicts=True)
        if not AlertDelivery.objects.filter(pk=stored[0].pk).exists():
            continue  # told by another worker
        if is_quiet(wish, now.astimezone(clinic.zone).time()):
            outcome = QUIET
        else:
            notice = _notice(alert, user, clinic)
            outcome = _push(browsers, notice) if way == AlertChannel.PUSH else _mail(user, notice)
        AlertDelivery.objects.filter(pk=delivery.pk).update(outcome=outcome)


def _notice(alert: Alert, user: User, clinic: Clinic) -> Notice:
    with translation.override(user.language or settings.LANGUAGE_CODE):
        bodies = {
            AlertKind.REQUEST: _("A request waits for an answer."),
            AlertKind.HANDOVER: _("Somebody needs a person."),
            AlertKind.WAITING: _("Somebody waits for more than 10 minutes."),
            AlertKind.ACCOUNT: _("Messages cannot leave from a number of the clinic: they wait."),
        }
        body = bodies[AlertKind(alert.kind)]
    if alert.kind == AlertKind.REQUEST:
        url = clinic_url(clinic, "requests:one", str(alert.appointment_id))
    elif alert.kind == AlertKind.ACCOUNT:
        url = clinic_url(clinic, "numbers:page")
    else:
        url = clinic_url(clinic, "inbox:thread", str(alert.conversation_id))
    return Notice(
        clinic.name,
        body,
        url,
        f"{alert.kind}-{alert.conversation_id or alert.appointment_id or alert.account_id}",
    )


def _push(browsers: list[PushSubscription], notice: Notice) -> str:
    outcome = GONE
    for browser in browsers:
        try:
            push.send(browser, notice.title, notice.body, notice.url, notice.tag)
        except push.Gone:
            browser.delete()
        except push.NotTaken as error:
            logger.info("push to browser %s not taken: %s", browser.pk, error.code)
            outcome = outcome if outcome == SENT else error.code
        else:
            # A shared row: a demo's clock says nothing here.
            PushSubscription.objects.filter(pk=browser.pk).update(received_at=clock.real_now())
            outcome = SENT
    return outcome


def _mail(user: User, notice: Notice) -> str:
    mail = EmailMessage(notice.title, f"{notice.body}\n\n{notice.url}\n", to=[user.email])
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        logger.warning("alert not mailed: %s", type(error).__name__)
        return "mail_failed"
    return SENT
