"""The access table: every URL, asked by everybody. A URL that is not in the table fails the build."""

from dataclasses import dataclass

import pytest

from clinics.operations import create_token
from tests.access.walk import patterns

pytestmark = pytest.mark.django_db

RECEPTIONIST, DOCTOR, MANAGER, OWNER = (
    "receptionist@alpha.example",
    "doctor@alpha.example",
    "admin_doctor@alpha.example",
    "owner@alpha.example",
)
STRANGERS = ("owner@beta.example", "stranger@nowhere.example", "operator@platform.example")
OPERATOR = "operator@platform.example"
MEMBERS = (RECEPTIONIST, DOCTOR, MANAGER, OWNER)
LEADERS = (MANAGER, OWNER)
EVERYBODY = ("", *MEMBERS, *STRANGERS)

# What may come back.
INSIDE = "inside"  # the clinic's own answer: X-Clinic is right, and no refusal
ROLE = "403"
HIDDEN = "404 without a trace of the clinic"
LOGIN = "log-in first"
TOKEN = "401"
OPEN = "an answer"
REFUSED = "refused"


@dataclass(frozen=True)
class Rule:
    """What a URL asks of those who call it."""

    method: str = "GET"
    to: tuple[str, ...] = MEMBERS
    kind: str = "clinic"  # clinic | api | open | person | signed


def get(to=MEMBERS):
    return Rule("GET", to)


def post(to=MEMBERS):
    return Rule("POST", to)


def api(method="GET", to=MEMBERS):
    return Rule(method, to, "api")


open_page, person = Rule(kind="open"), Rule(kind="person")
signed = Rule("POST", kind="signed")

CLINIC = {
    "/": get(),
    "rail": get(),
    "search": post(),
    "notifications": get(),
    "trouble": get(),
    "numbers": get(LEADERS),
    "numbers/add": get(LEADERS),
    "numbers/add/telnyx": get(LEADERS),
    "numbers/<uuid:sender_id>": get(LEADERS),
    "numbers/<uuid:sender_id>/primary": post(LEADERS),
    "numbers/<uuid:sender_id>/deactivate": post(LEADERS),
    "numbers/<uuid:sender_id>/check": post(LEADERS),
    "numbers/<uuid:sender_id>/test": post(LEADERS),
    "numbers/<uuid:sender_id>/token": post(LEADERS),
    "numbers/<uuid:sender_id>/rate": post(LEADERS),
    "notifications/test": post(),
    "settings": get(LEADERS),
    "settings/<slug:slug>": post(LEADERS),
    "team": get(LEADERS),
    "team/invitations": post(LEADERS),
    "team/invitations/<uuid:invitation_id>/revoke": post(LEADERS),
    "team/<uuid:membership_id>/role": post(LEADERS),
    "team/<uuid:membership_id>/remove": post(LEADERS),
    "team/<uuid:membership_id>/password-link": post(LEADERS),
    "today": get(),
    "today/end-of-shift": get(),
    "today/end-of-shift/close": post(),
    "today/first-day/put-away": post(LEADERS),
    "today/tasks": get(),
    "today/tasks/new": get(),
    "today/tasks/add": post(),
    "today/tasks/<uuid:task_id>/done": post(),
    "today/tasks/<uuid:task_id>/undo": post(),
    "today/<uuid:appointment_id>/remind": post(),
    "reminders": get(),
    "reminders/save": post(LEADERS),
    "reminders/sent": get(),
    "reminders/preview": post(LEADERS),
    "reminders/<uuid:appointment_id>/send": post(),
    "call-list": get(),
    "call-list/<uuid:appointment_id>/called": post(),
    "today/<uuid:appointment_id>/arrive": post(),
    "today/<uuid:appointment_id>/complete": post(),
    "today/<uuid:appointment_id>/no-show": post(),
    "today/<uuid:appointment_id>/undo": post(),
    "inbox": get(),
    "inbox/list": get(),
    "inbox/colleagues": get(),
    "inbox/requests/<uuid:appointment_id>/accept": post(),
    "inbox/requests/<uuid:appointment_id>/decline": post(),
    "inbox/requests/<uuid:appointment_id>/offer": post(),
    "requests": get(),
    "requests/list": get(),
    "requests/<uuid:appointment_id>": get(),
    "requests/<uuid:appointment_id>/words": get(),
    "requests/<uuid:appointment_id>/accept": post(),
    "requests/<uuid:appointment_id>/decline": post(),
    "requests/<uuid:appointment_id>/decline/text": post(),
    "requests/<uuid:appointment_id>/offer": post(),
    "requests/<uuid:appointment_id>/offer/text": post(),
    "inbox/<uuid:conversation_id>": get(),
    "inbox/<uuid:conversation_id>/older": get(),
    "inbox/<uuid:conversation_id>/person": get(),
    "inbox/<uuid:conversation_id>/send": post(),
    "inbox/<uuid:conversation_id>/note": post(),
    "inbox/<uuid:conversation_id>/draft": post(),
    "inbox/<uuid:conversation_id>/later": post(),
    "inbox/<uuid:conversation_id>/writing": get(),
    "inbox/<uuid:conversation_id>/texts": get(),
    "inbox/<uuid:conversation_id>/approved": get(),
    "inbox/<uuid:conversation_id>/approved/send": post(),
    "inbox/<uuid:conversation_id>/held/<uuid:message_id>/drop": post(),
    "inbox/<uuid:conversation_id>/held/<uuid:message_id>/reword": post(),
    "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/take-back": post(),
    "inbox/<uuid:conversation_id>/done": post(),
    "inbox/<uuid:conversation_id>/no-reply": post(),
    "inbox/<uuid:conversation_id>/reopen": post(),
    "inbox/<uuid:conversation_id>/snooze": post(),
    "inbox/<uuid:conversation_id>/block": post(),
    "inbox/<uuid:conversation_id>/unblock": post(),
    "inbox/<uuid:conversation_id>/assign": post(),
    "inbox/many": post(),
    "inbox/undo": get(),
    "inbox/undo/<uuid:batch>": post(),
    "inbox/menus/snooze": get(),
    "inbox/menus/assign": get(),
    "inbox/<uuid:conversation_id>/bot": post(),
    "inbox/<uuid:conversation_id>/typing": post(),
    "inbox/<uuid:conversation_id>/seen": post(),
    "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/again": post(),
    "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/by-sms": post(),
    "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/settled": post(),
    "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/coming": post(),
    "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/why": get(),
    "files/<uuid:attachment_id>": get(),
    "files/<uuid:attachment_id>/again": post(),
    "files/<uuid:attachment_id>/pages/<int:n>": get(),
    "patients": get(),
    "patients/search": post(),
    "patients/new": get(),
    "patients/<uuid:patient_id>": get(),
    "patients/<uuid:patient_id>/older": get(),
    "patients/<uuid:patient_id>/looked": get((OWNER,)),
    "patients/<uuid:patient_id>/edit": get(),
    "patients/<uuid:patient_id>/note": post(),
    "patients/<uuid:patient_id>/write": post(),
    "patients/<uuid:patient_id>/consent": post(),
    "patients/<uuid:patient_id>/numbers": post(),
    "patients/<uuid:patient_id>/numbers/<uuid:contact_id>/<str:what>": post(),
    "patients/<uuid:patient_id>/book": get(),
    "patients/<uuid:patient_id>/book/text": post(),
    "patients/<uuid:patient_id>/visits/<uuid:visit_id>/cancel": get(),
    "patients/<uuid:patient_id>/visits/<uuid:visit_id>/cancel/text": post(),
    "saved-texts": get(),
    "saved-texts/new": get(LEADERS),
    "saved-texts/own": get(LEADERS),
    "saved-texts/own/<str:key>": get(LEADERS),
    "saved-texts/own/<str:key>/restore": post(LEADERS),
    "approved-texts": get(LEADERS),
    "approved-texts/starter": post(LEADERS),
    "approved-texts/sync": post(LEADERS),
    "approved-texts/new": get(LEADERS),
    "approved-texts/map": get(LEADERS),
    "approved-texts/<uuid:text_id>": get(LEADERS),
    "approved-texts/<uuid:text_id>/again": post(LEADERS),
    "approved-texts/<uuid:text_id>/anew": get(LEADERS),
    "approved-texts/<uuid:text_id>/put-away": post(LEADERS),
    "saved-texts/<uuid:text_id>": get(LEADERS),
    "saved-texts/<uuid:text_id>/archive": post(LEADERS),
    "saved-texts/<uuid:text_id>/restore": post(LEADERS),
    "phone": get(),
    "phone/update": get(),
    "phone/new": post(),
    "phone/lines": post(),
    "phone/clock": post(),
    "phone/<uuid:address_id>/send": post(),
    "phone/<uuid:address_id>/sign": post(),
    "phone/<uuid:address_id>/settings": post(),
}
PUBLIC = {
    "/": person,
    "healthz": open_page,
    "readyz": open_page,
    "language": Rule("POST", kind="open"),
    "profile": person,
    "profile/tokens": Rule("POST", kind="person"),
    "profile/preferences": Rule("POST", kind="person"),
    "profile/keys": person,
    "profile/pin": Rule("POST", kind="person"),
    "lock": Rule("POST", kind="person"),
    "worker.js": open_page,
    "m/<str:token>": open_page,
    "push/subscribe": Rule("POST", kind="person"),
    "push/unsubscribe": Rule("POST", kind="person"),
    "awake": Rule("POST", kind="person"),
    "unlock": Rule("POST", kind="person"),
    "unlock/passkey": person,
    "profile/tokens/<uuid:token_id>/revoke": Rule("POST", kind="person"),
    "join/<str:token>": open_page,
    "accounts/login": open_page,
    "accounts/logout": open_page,
    "accounts/inactive": open_page,
    "accounts/signup": open_page,
    "accounts/reauthenticate": person,
    "accounts/password/change": person,
    "accounts/password/set": person,
    "accounts/password/reset": open_page,
    "accounts/password/reset/done": open_page,
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": open_page,
    "accounts/password/reset/key/done": open_page,
    "accounts/2fa": person,
    "accounts/2fa/authenticate": Rule(
        kind="open"
    ),  # the second half of a log-in; alone it leads to the first
    "accounts/2fa/reauthenticate": person,
    "accounts/2fa/trust": Rule(kind="open"),
    "accounts/2fa/totp/activate": person,
    "accounts/2fa/totp/deactivate": person,
    "accounts/2fa/recovery-codes": person,
    "accounts/2fa/recovery-codes/generate": person,
    "accounts/2fa/recovery-codes/download": person,
    "accounts/2fa/webauthn": person,
    "accounts/2fa/webauthn/add": person,
    "accounts/2fa/webauthn/reauthenticate": person,
    "accounts/2fa/webauthn/keys/<int:pk>/remove": person,
    "accounts/2fa/webauthn/keys/<int:pk>/edit": person,
    "accounts/2fa/webauthn/login": open_page,
    "api/webhooks/^sms/telnyx/?$": signed,
    "api/webhooks/^(?:whatsapp|sms)/?$": signed,
    "api/webhooks/^(?:whatsapp|sms)/status/?$": signed,
    "api/schema": open_page,
    "api/docs": open_page,
    "^api(?:/|$)": open_page,
    "api/whatsapp/send": api("POST"),
    "api/whatsapp/send-template": api("POST"),
    "api/whatsapp/conversations": api(),
    "api/whatsapp/conversations/<uuid:id>": api("DELETE", LEADERS),
    "api/whatsapp/conversations/<uuid:id>/messages": api(),
    "api/whatsapp/pending-appointments": api(),
    "api/whatsapp/pending-appointments/<uuid:id>/accept": api("POST"),
    "api/whatsapp/pending-appointments/<uuid:id>/reject": api("POST"),
    "api/whatsapp/templates": api(),
    "api/clinic/config/sms": api("GET", LEADERS),
    "api/clinic/config/sms/validate": api("POST", LEADERS),
    "api/reminder": api("POST"),
    "api/reminder/<str:id>": api("PATCH"),
    "reminder": api("POST"),
    "reminder/<str:id>": api("PATCH"),
    "api/whatsapp/senders": api(),
    "api/whatsapp/senders/<uuid:id>": api("DELETE", LEADERS),
    "api/whatsapp/link-existing": api("POST", LEADERS),
    "api/patients": api(),
    "api/patients/<uuid:id>": api("PATCH"),
    "api/practitioners": api(),
    "api/practitioners/<uuid:id>": api(),
    "api/appointment-types": api(),
    "api/appointment-types/<uuid:id>": api(),
    "api/slots": api(),
    "api/appointments": api("POST"),
    "api/appointments/<uuid:id>": api(),
    "api/appointments/<uuid:id>/cancel": api("POST"),
    "api/appointments/<uuid:id>/move": api("POST"),
    "api/appointments/<uuid:id>/arrive": api("POST"),
    "api/appointments/<uuid:id>/complete": api("POST"),
    "api/appointments/<uuid:id>/no-show": api("POST"),
    "api/appointments/<uuid:id>/remind": api("POST"),
    "api/whatsapp/reminder-settings": api(),
}


def test_every_url_is_in_the_table():
    for urlconf, table in (("medsync.clinic_urls", CLINIC), ("medsync.urls", PUBLIC)):
        found = {pattern for pattern, _path, kind in patterns(urlconf) if kind == "page"}
        assert found == set(table), (
            f"{urlconf}: not in the table {found - set(table)}, gone {set(table) - found}"
        )


def test_everybody_gets_what_the_table_says_of_a_clinics_pages(browse, world, clinic):
    clients = {who: browse(world.users.get(who)) for who in EVERYBODY}
    wrong = []
    for pattern, path, kind in patterns("medsync.clinic_urls"):
        if kind != "page":
            continue
        rule = CLINIC[pattern]
        for who in EVERYBODY:
            expected = (
                LOGIN if not who else HIDDEN if who in STRANGERS else INSIDE if who in rule.to else ROLE
            )
            response = clients[who].generic(rule.method, f"/c/{clinic.slug}/{path}")
            got = verdict(response, clinic)
            if got != expected:
                wrong.append((rule.method, path, who or "nobody", expected, got))
    assert wrong == []


def test_everybody_gets_what_the_table_says_of_public_pages(browse, world, clinic):
    wrong = []
    for pattern, path, kind in patterns("medsync.urls"):
        if kind != "page" or PUBLIC[pattern].kind == "api":
            continue
        rule = PUBLIC[pattern]
        for who in EVERYBODY:
            # A client each time: log-out is one of the pages.
            data, form = b"x=1", "application/x-www-form-urlencoded"
            if path.endswith("telnyx"):
                data, form = b"{}", "application/json"
            response = browse(world.users.get(who)).generic(rule.method, f"/{path}", data, content_type=form)
            got = verdict(response, clinic)
            expected = {"open": OPEN, "signed": ROLE, "person": OPEN if who else LOGIN}[rule.kind]
            if rule.kind == "open" and got == LOGIN and "2fa" in path:
                got = OPEN
            if rule.kind == "open" and got == HIDDEN and pattern in ("^api(?:/|$)", "m/<str:token>"):
                got = OPEN
            if rule.kind == "person" and got == HIDDEN:  # a made-up id of one's own things
                got = OPEN
            if got != expected:
                wrong.append((rule.method, path, who or "nobody", expected, got, response.status_code))
    assert wrong == []


def test_everybody_gets_what_the_table_says_of_the_api(client, world, clinic):
    tokens = {who: create_token(world.users[who], name="table")[1] for who in EVERYBODY if who}
    wrong = []
    for pattern, path, _kind in patterns("medsync.urls"):
        rule = PUBLIC.get(pattern)
        if rule is None or rule.kind != "api":
            continue
        for who in EVERYBODY:
            headers = {"X-Account-Id": clinic.slug}
            if who:
                headers["Authorization"] = f"Bearer {tokens[who]}"
            expected = (
                TOKEN if not who else HIDDEN if who in STRANGERS else INSIDE if who in rule.to else ROLE
            )
            response = client.generic(
                rule.method, f"/{path}", b"{}", content_type="application/json", headers=headers
            )
            got = verdict(response, clinic)
            if got != expected:
                wrong.append((rule.method, path, who or "nobody", expected, got, response.status_code))
    assert wrong == []


def test_the_clinics_admin_is_for_owner_and_manager_alone(browse, world, clinic):
    clients = {who: browse(world.users.get(who)) for who in EVERYBODY}
    wrong = []
    for _pattern, path, kind in patterns("medsync.clinic_urls"):
        if kind != "admin":
            continue
        for who in EVERYBODY:
            expected = (
                LOGIN if not who else HIDDEN if who in STRANGERS else INSIDE if who in LEADERS else ROLE
            )
            got = verdict(clients[who].get(f"/c/{clinic.slug}/{path}"), clinic)
            if (
                expected == INSIDE
                and got == ROLE
                and any(word in path for word in ("/add", "/delete", "/autocomplete"))
            ):
                got = INSIDE  # nobody adds a message or deletes a patient; the gate let them in
            if got != expected:
                wrong.append((path, who or "nobody", expected, got))
    assert wrong == []


def test_the_platforms_admin_is_for_operators_alone(browse, world, clinic):
    clients = {who: browse(world.users.get(who)) for who in EVERYBODY}
    wrong = []
    for _pattern, path, kind in patterns("medsync.urls"):
        if kind != "admin":
            continue
        for who in EVERYBODY:
            response = clients[who].get(f"/{path}")
            got = verdict(response, clinic)
            fine = response.status_code < 500 if who == OPERATOR else got == (ROLE if who else LOGIN)
            if not fine:
                wrong.append((path, who or "nobody", got, response.status_code))
    assert wrong == []


def verdict(response, clinic):
    """Say in the table's words what came back."""
    status = response.status_code
    assert status < 500 or response.wsgi_request.path == "/readyz", (response.wsgi_request.path, status)
    ours = response.headers.get("X-Clinic")
    assert ours in (None, str(clinic.id))
    if status == 401:
        return TOKEN
    if status == 403:
        return ROLE
    if status in (301, 302) and response.headers["Location"].startswith("/accounts/login/"):
        return LOGIN
    if ours:
        return INSIDE
    return HIDDEN if status == 404 else OPEN
