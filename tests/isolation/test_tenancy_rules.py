"""The rules of tenancy, one by one (design, section 5)."""

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from celery import current_app, shared_task
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.urls import get_script_prefix, set_script_prefix

from clinics import tenancy
from clinics.models import Clinic, ClinicState, DeadTask, Membership, Sender
from clinics.operations import end_membership
from clinics.sites import clinic_site, platform_site
from clinics.tasks import ClinicTask
from clinics.tenancy import clinic_url, forget_clinics, in_clinic, public_url
from medsync.lib import clock, jobs
from scheduling.models import Patient

ROOT = Path(__file__).resolve().parents[2]


@shared_task(base=ClinicTask, name="tests.count_patients")
def count_patients(**ids):
    """Return where the task ran and what it saw."""
    return connection.schema_name, Patient.objects.count()


# ── 1 The way in ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/c/a%00/", "/c/alpha/%00", "/%01", "/c/" + "a" * 3000, "/c/a%0d%0aSet-Cookie:x/"]
)
def test_paths_that_no_page_has_are_refused_before_the_database_is_asked(path, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get(path).status_code == 400


@pytest.mark.django_db
def test_log_in_comes_before_the_answer_that_a_clinic_is_unknown_or_foreign(browse, stranger):
    for slug in ("alpha", "nobody-has-this"):
        assert (
            Client().get(f"/c/{slug}/inbox/").headers["Location"] == f"/accounts/login/?next=/c/{slug}/inbox/"
        )
    bodies = {browse(stranger).get(f"/c/{slug}/inbox/").content for slug in ("alpha", "nobody-has-this")}
    assert len(bodies) == 1, "unknown and foreign look alike"


@pytest.mark.django_db
def test_the_api_asks_token_then_clinic_then_membership(api, owner, clinic, other_clinic):
    assert api(None, clinic).get("/api/patients").status_code == 401
    answer = api(owner, None).get("/api/patients")
    assert (answer.status_code, answer.json()["code"]) == (400, "account_required")
    for ref in (other_clinic.slug, str(other_clinic.id), "unknown", "alpha,beta", "-1", "x" * 100):
        assert api(owner, None).get("/api/patients", X_Account_Id=ref).status_code == 404, ref
    for ref in (clinic.slug, str(clinic.id)):
        assert api(owner, None).get("/api/patients", X_Account_Id=ref).status_code == 200


@pytest.mark.django_db
def test_an_x_account_id_header_opens_nothing_for_a_page_or_a_webhook(browse, owner, clinic):
    response = browse(owner).get("/profile/", headers={"X-Account-Id": clinic.slug})
    assert "X-Clinic" not in response.headers
    assert Client().get("/api/schema", headers={"X-Account-Id": "nobody"}).status_code == 200


def test_a_schema_is_named_after_the_id_never_after_the_slug(world):
    for clinic in world.clinics.values():
        assert clinic.schema_name == "c_" + clinic.id.hex
        assert clinic.slug not in clinic.schema_name


@pytest.mark.django_db
def test_static_urls_and_cookies_belong_to_the_whole_host(browse, owner):
    page = browse(owner).get("/c/alpha/team/").content.decode()
    assert "/c/alpha/static" not in page
    assert settings.STATIC_URL == "/static/"
    assert settings.SESSION_COOKIE_PATH == settings.CSRF_COOKIE_PATH == "/"


# ── 2 Membership is asked every time ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_who_is_removed_is_out_at_the_next_request(browse, receptionist, clinic, api):
    client, program = browse(receptionist), api(receptionist, clinic)
    assert client.get("/c/alpha/inbox/").status_code == 200
    assert program.get("/api/patients").status_code == 200
    end_membership(Membership.objects.get(user=receptionist, clinic=clinic), now=clock.now())
    assert client.get("/c/alpha/inbox/").status_code == 404
    assert program.get("/api/patients").status_code == 404


@pytest.mark.django_db
def test_a_disabled_user_is_out_of_everything(browse, owner, clinic, api):
    client, program = browse(owner), api(owner, clinic)
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get("/c/alpha/inbox/").status_code == 302
    assert program.get("/api/patients").status_code == 401


@pytest.mark.django_db
def test_every_answer_from_a_clinic_says_so_and_is_kept_by_nobody(browse, owner, clinic, api):
    for response in (
        browse(owner).get("/c/alpha/inbox/"),
        browse(owner).get("/c/alpha/admin/"),
        browse(owner).get("/c/alpha/no-such-page/"),
        api(owner, clinic).get("/api/patients"),
    ):
        assert response.headers["X-Clinic"] == str(clinic.id)
        assert "no-store" in response.headers["Cache-Control"]


def test_groups_of_django_are_not_used_and_no_admin_deletes():
    assert "auth.Group" not in {
        m._meta.label for site in (clinic_site, platform_site) for m in site._registry
    }
    for site in (clinic_site, platform_site):
        for model_admin in site._registry.values():
            assert model_admin.has_delete_permission(None) is False


# ── 3 Only in_clinic enters a clinic ─────────────────────────────────────────────────────────────────────────────
def _bans(text, name="clinics/offender.py"):
    spec = importlib.util.spec_from_file_location("bans", ROOT / ".ci" / "bans.py")
    bans = importlib.util.module_from_spec(spec)
    sys.modules["bans"] = bans
    spec.loader.exec_module(bans)
    return [
        ban.why
        for ban in bans.PYTHON
        if name not in ban.excused and any(map(ban.pattern.search, text.splitlines()))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "    with tenant:",
        "with clinic:",
        "with self.clinic:",
        "with request.tenant as t:",
        "with schema_context('x'):",
    ],
)
def test_the_ban_finds_the_ways_in_that_leak(line):
    assert _bans(line)


def test_the_ban_lets_the_one_way_in_pass():
    assert not _bans("with in_clinic(clinic):")


def test_nothing_in_the_product_is_banned():
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "bans.py"], capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if "enters a clinic" in line or "share" in line]
    assert lines == []


def test_threads_that_enter_and_leave_clinics_stay_apart(committed):
    clinics = list(committed.clinics.values())
    wrong = []

    def work(number):
        try:
            for turn in range(60):
                clinic = clinics[(number + turn) % 3]
                with in_clinic(clinic):
                    if _schema_asked() != clinic.schema_name:
                        wrong.append("inside")
                    with in_clinic(clinics[turn % 3]):
                        pass
                    if _schema_asked() != clinic.schema_name:
                        wrong.append("after a nested one")
                if connection.schema_name != "public":
                    wrong.append("left")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _schema_asked():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return cursor.fetchone()[0]


# ── 4 Tasks ──────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_a_task_runs_in_the_clinic_of_its_header_wherever_its_thread_stood(clinic, other_clinic):
    with in_clinic(clinic):
        Patient.objects.create(name="Ana")
    with in_clinic(other_clinic):
        assert count_patients.apply(headers={"schema": clinic.schema_name}).get() == (clinic.schema_name, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "schema", ["", "public", "pg_catalog", "c_unknown", 'a"; DROP SCHEMA b; --', "alpha,beta"]
)
def test_a_task_without_a_clinic_is_kept_and_not_run(schema):
    assert count_patients.apply(kwargs={"thing_id": "7"}, headers={"schema": schema}).get() is None
    dead = DeadTask.objects.get()
    assert (dead.name, dead.arguments, dead.schema) == (
        "tests.count_patients",
        {"thing_id": "7"},
        schema[:63],
    )


@pytest.mark.django_db
@pytest.mark.parametrize("state", [ClinicState.PREPARING, ClinicState.CLOSING, ClinicState.GONE])
def test_a_task_for_a_clinic_that_is_not_ready_is_kept_and_not_run(clinic, state):
    Clinic.objects.filter(pk=clinic.pk).update(state=state)
    forget_clinics()
    assert count_patients.apply(headers={"schema": clinic.schema_name}).get() is None
    assert DeadTask.objects.get().reason == f"clinic is {state}"


def test_the_schema_is_that_of_the_moment_of_enqueuing_not_of_commit(committed, monkeypatch):
    clinic = committed.clinics["alpha"]
    sent = []
    monkeypatch.setattr(
        "medsync.lib.jobs.current_app.send_task", lambda name, **options: sent.append(options)
    )
    with transaction.atomic():
        with in_clinic(clinic):
            jobs.enqueue_on_commit("tests.count_patients")
        assert not sent
    assert connection.schema_name == "public", "the commit came after the clinic was left"
    assert sent[0]["headers"] == {"schema": clinic.schema_name}


def test_every_task_of_ours_is_a_clinics_or_a_public_fan_out():
    current_app.loader.import_default_modules()
    fan_out = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    ours = {
        name: task
        for name, task in current_app.tasks.items()
        if name.split(".")[0] in ("clinics", "scheduling", "messaging", "medsync")
    }
    assert fan_out <= set(ours)
    for name, task in ours.items():
        assert isinstance(task, ClinicTask) or name in fan_out, f"{name} would run in whatever schema"


# ── 6 Keys between the two worlds ────────────────────────────────────────────────────────────────────────────────
def test_keys_from_a_clinics_table_to_a_shared_one_do_nothing_and_leave_no_reverse():
    from django.apps import apps

    looked = 0
    for label in ("scheduling", "messaging"):
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, models.ForeignKey) and field.related_model._meta.app_label == "clinics":
                    looked += 1
                    assert field.remote_field.on_delete is models.DO_NOTHING, field
                    assert field.remote_field.related_name == "+", field
    assert looked > 5


@pytest.mark.django_db
def test_deleting_a_shared_row_reads_no_clinics_table(stranger):
    # Outside of a clinic its tables do not exist: a cascade into one would raise.
    with transaction.atomic():
        type(stranger).objects.get(pk=stranger.pk).delete()


# ── 7 Caches ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_one_key_is_another_in_every_clinic(clinic, other_clinic):
    with in_clinic(clinic):
        cache.set("patients", "alpha's")
    with in_clinic(other_clinic):
        assert cache.get("patients") is None
    assert cache.get("patients") is None


# ── 8 States ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
@pytest.mark.parametrize("state", [ClinicState.PREPARING, ClinicState.CLOSING, ClinicState.GONE])
def test_nothing_leads_to_a_clinic_that_is_not_ready(browse, owner, clinic, api, state):
    from clinics.queries import clinics_of, forget_routes, sender_for

    number = Sender.objects.filter(clinic=clinic, channel="sms").get().phone_number
    Clinic.objects.filter(pk=clinic.pk).update(state=state)
    forget_clinics()
    forget_routes()
    assert browse(owner).get("/c/alpha/inbox/").status_code == 404
    assert api(owner, clinic).get("/api/patients").status_code == 404
    assert sender_for("sms", number) is None
    assert clinic not in clinics_of(owner)
    assert clinic not in list(tenancy.each_ready_clinic())


# ── 9 Connections ────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_database_is_set_up_as_isolation_needs_it():
    default = settings.DATABASES["default"]
    assert default["ATOMIC_REQUESTS"] is False
    assert default["CONN_MAX_AGE"] == 0
    assert default["CONN_HEALTH_CHECKS"] is True
    assert settings.TENANT_LIMIT_SET_CALLS is True
    assert default["OPTIONS"]["pool"]["max_lifetime"] == 600


@pytest.mark.parametrize("how", ["savepoint", "transaction"])
def test_after_a_rollback_a_query_reads_the_clinic_that_the_connection_names(committed, how):
    alpha, beta = committed.clinics["alpha"], committed.clinics["beta"]
    for clinic in (alpha, beta):
        with in_clinic(clinic):
            Patient.objects.create(name=clinic.slug)
    with in_clinic(alpha):
        try:
            with transaction.atomic():
                if how == "savepoint":
                    try:
                        with transaction.atomic():
                            connection.set_tenant(beta)
                            assert Patient.objects.get().name == "beta"
                            raise IntegrityError
                    except IntegrityError:
                        pass
                else:
                    connection.set_tenant(beta)
                    assert Patient.objects.get().name == "beta"
                    raise IntegrityError
        except IntegrityError:
            pass
        assert Patient.objects.get().name == connection.tenant.slug
        assert _schema_asked() == connection.schema_name


# ── 10 Links ─────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_links_between_the_two_worlds_are_the_same_from_everywhere(clinic, other_clinic):
    base = settings.PUBLIC_BASE_URL.rstrip("/")
    outside = get_script_prefix()
    try:
        for prefix in ("/", f"/c/{clinic.slug}/", f"/c/{other_clinic.slug}/"):
            set_script_prefix(prefix)
            assert clinic_url(clinic, "team") == f"{base}/c/alpha/team/"
            assert clinic_url(other_clinic, "inbox:page") == f"{base}/c/beta/inbox/"
            assert public_url("profile") == f"{base}/profile/"
            assert public_url("account_login") == f"{base}/accounts/login/"
    finally:
        set_script_prefix(outside)


@pytest.mark.django_db
def test_a_request_to_a_clinic_leaves_its_prefix_to_nobody(browse, owner):
    browse(owner).get("/c/alpha/team/")
    assert get_script_prefix() == "/"
    assert connection.schema_name == "public"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/admin/clinics/clinic/"])
def test_both_admins_have_the_one_log_in_and_no_form_of_their_own(client, path):
    assert client.get(path).headers["Location"].startswith("/accounts/login/?next=")
    page = client.post(
        "/admin/login/", {"username": "operator@platform.example", "password": "correct horse battery"}
    )
    assert page.status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_sign_up_is_closed(client):
    from clinics.models import User

    before = User.objects.count()
    form = {"email": "new@example.org", "password1": "a long password 1", "password2": "a long password 1"}
    page = client.post("/accounts/signup/", form)
    assert "invitation" in page.content.decode()
    assert User.objects.count() == before
    for path in ("/accounts/email/", "/accounts/confirm-email/x/", "/accounts/login/code/confirm/"):
        assert client.get(path).status_code == 404, path
