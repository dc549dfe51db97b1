"""The demo clinic in Mexico City: who works there, and what has been said."""

from clinics.models import Role
from medsync.stack.demo_plan import BOT, DAY, HOUR, NOTE, PATIENT, STAFF, SYSTEM, Plan, Talk, Visit

TALKS: tuple[Talk, ...] = (
    Talk(
        "Guadalupe Ríos",
        "+5215555550112",
        (
            (52, PATIENT, "Buenas tardes, quisiera una cita para mi mamá"),
            (52, BOT, "@offer"),
            (49, PATIENT, "la 1"),
            (49, BOT, "@requested"),
            (31, PATIENT, "¿Necesita venir en ayunas?"),
        ),
        work="needs_reply",
        born="1990-10-12",
        also=(("Carmen Ríos", "daughter"),),
        visits=(Visit(3, "pending_review", asked_ago=49),),
        unread=1,
    ),
    Talk(
        "Jorge Salinas",
        "+5215555550134",
        (
            (25 * HOUR + 30, PATIENT, "Doctora, me sigue doliendo la rodilla. ¿Puedo tomar otra pastilla?"),
            (25 * HOUR, BOT, "@handover"),
        ),
        work="needs_reply",
        born="1972-04-03",
        visits=(Visit(-6, "fulfilled", 12),),
        unread=1,
    ),
    Talk(
        "María del Carmen Fernández-Villavicencio",
        "+5215555550156",
        (
            (
                3 * HOUR,
                PATIENT,
                "¿Me pueden mandar la dirección? No encuentro el consultorio y ya es casi la hora",
            ),
            (2 * HOUR + 58, STAFF, "Claro: Av. Álvaro Obregón 120, segundo piso. La esperamos."),
            (2 * HOUR + 50, PATIENT, "Ya llegué, gracias"),
            (17, PATIENT, "Se me olvidó el paraguas en la recepción 🙈"),
        ),
        work="needs_reply",
        born="1968-09-15",
        visits=(Visit(-1, "fulfilled", 17),),
        unread=1,
    ),
    Talk(
        "Emily Carter",
        "+15125550187",
        (
            (110, PATIENT, "Hello! I am visiting from Austin. Do you have someone who speaks English?"),
            (96, STAFF, "Hi Emily, yes, Dr. Mora does. Would you like a visit this week?"),
        ),
        language="en",
        work="waiting_patient",
    ),
    Talk(
        "Raúl Ortega",
        "+5215555550167",
        (
            (21, PATIENT, "necesito una cita"),
            (21, BOT, "@offer"),
        ),
        work="bot",
    ),
    Talk(
        "",
        "MX.4hT8wBz1Lk",
        (
            (12, PATIENT, "Hola, ¿atienden los sábados?"),
            (12, BOT, "@handover"),
        ),
        profile="@ale_mtz",
        work="needs_reply",
        unread=1,
    ),
    Talk(
        "Patricia Luna",
        "+5215555550178",
        (
            (6 * HOUR, PATIENT, "Buenos días, ¿tienen algo mañana?"),
            (6 * HOUR, BOT, "@offer"),
            (6 * HOUR - 6, PATIENT, "2"),
            (6 * HOUR - 6, BOT, "@requested"),
            (5 * HOUR + 30, SYSTEM, "@accepted"),
            (5 * HOUR + 22, PATIENT, "Muchas gracias"),
        ),
        born="1995-07-27",
        visits=(Visit(2, "confirmed", asked_ago=6 * HOUR - 6),),
    ),
    Talk(
        "Ernesto Villalobos",
        "+525555550145",
        (
            (2 * DAY, PATIENT, "Buen dia, confirmo que asisto"),
            (2 * DAY - 40, STAFF, "Gracias, don Ernesto. Lo esperamos el {visit}.", "failed:30006"),
        ),
        channel="sms",
        work="needs_reply",
        born="1944-02-29",
        visits=(Visit(4, attendance="attending"),),
    ),
    Talk(
        "王芳",
        "+5215555550189",
        (
            (7 * HOUR, PATIENT, "你好，我想预约看牙医。"),
            (6 * HOUR + 48, STAFF, "您好！我们没有牙科，不过可以推荐一位附近的牙医。"),
            (6 * HOUR + 30, PATIENT, "太好了，谢谢！"),
        ),
        language="zh",
    ),
    Talk(
        "Lucía Hernández",
        "+5215555550123",
        (
            (240, PATIENT, "Quiero cambiar mi cita para la próxima semana por favor"),
            (232, STAFF, "Con gusto, Lucía. ¿Le queda mejor en la mañana o en la tarde?"),
            (232, NOTE, "Viene con su bebé: mejor el consultorio 2."),
        ),
        work="waiting_patient",
        visits=(Visit(6),),
        born="1993-12-05",
    ),
    Talk(
        "Alberto Núñez",
        "+5215555550190",
        (
            (5 * DAY, PATIENT, "Gracias, ya me siento mejor"),
            (5 * DAY - 25, STAFF, "Nos da mucho gusto, Alberto.", "delivered"),
        ),
        visits=(Visit(-7, "fulfilled", 18),),
        born="1981-06-18",
    ),
    Talk(
        "Teresa Campos",
        "+5215555550111",
        (
            (8 * DAY, PATIENT, "¿A qué hora cierran hoy?"),
            (8 * DAY - 12, STAFF, "Hoy cerramos a las 19:00."),
        ),
        visits=(Visit(-20, "no_show", 9),),
    ),
)

PLAN = Plan(
    slug="sol",
    name="Clínica Sol",
    country="MX",
    timezone="America/Mexico_City",
    language="es",
    number="+525555550199",
    address="Av. Álvaro Obregón 120, Ciudad de México",
    owner=("owner@sol.example", "Inés Mora"),
    staff=(
        ("reception@sol.example", "Carlos Peña", Role.RECEPTIONIST),
        ("owner@riverside.example", "Elena Vidal", Role.ADMIN_DOCTOR),
    ),
    doctors=("Dra. Inés Mora", "Dr. Andrés Quiroga"),
    types=(
        ({"es": "Consulta", "en": "Check-up", "zh": "门诊"}, 30),
        ({"es": "Primera vez", "en": "First visit", "zh": "初诊"}, 60),
    ),
    talks=TALKS,
)
