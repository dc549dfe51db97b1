"""A clinic in which everything is as long as it may be; its lines run inside it, in a shell of the stack."""

NAME = "María del Carmen Fernández-Villavicencio de la Santísima Trinidad"
DOCTOR = "Dra. Guadalupe Montserrat Villalobos-Etxeberria y de los Monteros, Especialista en Odontopediatría Conductual Avanzada"
TYPE = "Primera consulta de valoración odontopediátrica con radiografía panorámica, limpieza, fluoración y plan de tratamiento"
WORD = "x" * 4096
OF_A_MEMBER = """
from clinics.models import User
user = User.objects.get(email={email!r})
user.set_password("medsync-demo")
user.save()
"""
LONG = f"""
from datetime import timedelta
from clinics.models import User
from clinics.operations import add_member
from clinics.senders import link_sender
from clinics.tenancy import current_clinic
from medsync.lib import clock
from scheduling import operations
from scheduling.models import AppointmentType, Patient, Practitioner
from tests.messaging.inboxes import a_request, a_thread, a_visit_today, says
now, clinic = clock.now(), current_clinic()
user = User.objects.get(email="owner@long.example")
User.objects.filter(pk=user.pk).update(name={NAME!r})
add_member(clinic, User.objects.create_user("a-very-long-address-of-a-member-of-the-team@long.example", name={NAME!r}), role="doctor")
for channel in ("whatsapp", "sms"):
    link_sender(clinic, phone_number="+12125550190", channel=channel, provider="local", display_name={DOCTOR!r}, now=now)
Practitioner.objects.update(name={DOCTOR!r})
AppointmentType.objects.update(names={{"en": {TYPE!r}, "es": {TYPE!r}}})
for n in range(55):
    a_thread(f"Person {{n}}", heard=timedelta(hours=2), body=f"hola {{n}}")
thread = a_thread({NAME!r}, heard=timedelta(hours=3), body={WORD!r}, assignee=user)
says(thread, {WORD!r}, author="staff", user=user)
a_request(thread)
a_visit_today(thread, at=now + timedelta(minutes=50))
a_visit_today(a_thread({NAME!r}, body={WORD!r}), at=now - timedelta(minutes=50))
declined = a_request(a_thread({NAME!r}))
operations.reject(declined, by=user, reason={DOCTOR!r}, now=now)
operations.add_task({WORD[:500]!r}, by=user, assignee=user.pk, now=now)
Patient.objects.filter(name={NAME!r}).update(called={NAME[:80]!r})
"""
