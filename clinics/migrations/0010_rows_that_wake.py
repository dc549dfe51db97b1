"""How a clock is woken: by one function, which the triggers of clinics' tables call at the end of a transaction.

`clinics.clocks` says why it is so. Everything is named in full: a trigger fires wherever the connection stands.
"""

from django.db import migrations

WAKE = """
CREATE FUNCTION public.clinics_wake(the_clinic uuid, the_job text, at timestamptz, many_jobs boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    known timestamptz;
BEGIN
    -- Shared: who wakes waits for no other, only for a visit, which is alone; and a visit waits for our commit.
    PERFORM pg_advisory_xact_lock_shared(hashtext('clinics_clock'), hashtext(the_clinic::text));
    -- A statement of its own, so that it sees what the visit wrote for which we waited.
    SELECT next_at INTO known FROM public.clinics_clinicclock WHERE clinic_id = the_clinic AND job = the_job;
    IF known <= at THEN
        RETURN;
    END IF;
    -- Of those that may move several clocks of a clinic one goes after the other, whatever the order of their jobs.
    IF many_jobs THEN
        PERFORM pg_advisory_xact_lock(hashtext('clinics_clock_moves'), hashtext(the_clinic::text));
    END IF;
    INSERT INTO public.clinics_clinicclock AS kept (id, clinic_id, job, next_at)
    VALUES (gen_random_uuid(), the_clinic, the_job, at)
    ON CONFLICT (clinic_id, job) DO UPDATE SET next_at = EXCLUDED.next_at WHERE kept.next_at > EXCLUDED.next_at;
END
$$
"""

# Arguments of a trigger: the job, and an expression of the row ($1) for when something falls due, in the clinic's time.
WAKE_BY_ROW = """
CREATE FUNCTION public.clinics_wake_by_row() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    due timestamptz;
    the_clinic uuid;
    ahead interval;
BEGIN
    EXECUTE 'SELECT ' || TG_ARGV[1] INTO due USING NEW;
    SELECT id, clock_offset INTO the_clinic, ahead FROM public.clinics_clinic WHERE schema_name = TG_TABLE_SCHEMA;
    IF due IS NOT NULL AND the_clinic IS NOT NULL THEN
        PERFORM public.clinics_wake(the_clinic, TG_ARGV[0], due - ahead, true);
    END IF;
    RETURN NULL;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0009_messaging_profile_once"),
    ]

    operations = [
        migrations.RunSQL(WAKE, "DROP FUNCTION public.clinics_wake(uuid, text, timestamptz, boolean)"),
        migrations.RunSQL(WAKE_BY_ROW, "DROP FUNCTION public.clinics_wake_by_row()"),
    ]
