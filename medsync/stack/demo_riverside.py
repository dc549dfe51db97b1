"""The demo clinic in New York: who works there, and what has been said."""

from clinics.models import Role
from medsync.stack.demo_plan import BOT, DAY, HOUR, NOTE, PATIENT, STAFF, SYSTEM, Plan, Talk, Visit

TALKS: tuple[Talk, ...] = (
    Talk(
        "Grace Osei",
        "+13475550118",
        (
            (27 * HOUR, PATIENT, "Hello, did the lab send my results? I was told Monday."),
            (
                26 * HOUR + 40,
                STAFF,
                "Good afternoon Grace, they are not here yet. I will write as soon as they come.",
            ),
            (26 * HOUR, PATIENT, "Thank you. It is for my employer, so the sooner the better"),
            (90, NOTE, "Lab says the results come in this afternoon. She needs the form for work too."),
        ),
        work="needs_reply",
        born="1979-06-02",
        visits=(Visit(-9, "fulfilled", 11),),
        unread=1,
    ),
    Talk(
        "James Whitaker",
        "+16465550164",
        (
            (
                23 * HOUR + 41,
                PATIENT,
                "Do I need to fast before the blood test on Monday? And may I drink coffee?",
            ),
            (23 * HOUR + 40, BOT, "@handover"),
        ),
        work="needs_reply",
        born="1964-11-21",
        visits=(Visit(4), Visit(-120, "fulfilled", 9)),
        unread=1,
    ),
    Talk(
        "Luis García",
        "+19175550127",
        (
            (2 * DAY, PATIENT, "Buenos días, los niños necesitan su chequeo para la escuela"),
            (2 * DAY - 15, STAFF, "Buenos días. ¿Vienen los dos el mismo día? Podemos verlos uno tras otro."),
            (22 * HOUR + 6, PATIENT, "Luis: Sí, los dos niños, pero yo no puedo el jueves"),
        ),
        language="es",
        work="needs_reply",
        also=(("Sofía García", "father"), ("Mateo García", "father")),
        unread=1,
    ),
    Talk(
        "Rosa Delgado",
        "+13475550173",
        (
            (71, PATIENT, "Hola, necesito una cita para un chequeo"),
            (71, BOT, "@offer"),
            (69, PATIENT, "La 2 por favor"),
            (69, BOT, "@requested"),
            (38, PATIENT, "¿Puedo llevar a mi hijo también?"),
        ),
        language="es",
        work="needs_reply",
        born="1986-03-14",
        also=(("Mateo Delgado", "mother"),),
        visits=(
            Visit(8, "pending_review", asked_ago=69),
            Visit(-193, "fulfilled", 9),
            Visit(-316, "no_show", 11),
        ),
        unread=1,
    ),
    Talk(
        "陈丽华",
        "+17185550139",
        (
            (26, PATIENT, "请问星期三下午还有时间吗？我想把预约改到三点以后。"),
            (24, PATIENT, "我妈妈也想一起来。"),
        ),
        channel="sms",
        language="zh",
        work="needs_reply",
        visits=(Visit(6),),
        unread=2,
    ),
    Talk(
        "",
        "US.7f3kQ2mXv9",
        (
            (8, PATIENT, "Hi! Do you take new patients?"),
            (8, BOT, "@handover"),
            (6, PATIENT, "I can come any morning"),
        ),
        profile="@luna.v",
        work="needs_reply",
        unread=2,
    ),
    Talk(
        "Priya Nair",
        "+16465550182",
        (
            (190, PATIENT, "I would like to see Dr. Vidal about my knee"),
            (190, BOT, "@offer"),
            (186, PATIENT, "1"),
            (186, BOT, "@requested"),
        ),
        work="waiting_patient",
        born="1991-08-30",
        visits=(Visit(3, "pending_review", asked_ago=186),),
    ),
    Talk(
        "Tom Becker",
        "+12125550176",
        (
            (14, PATIENT, "hi, i need an appointment"),
            (14, BOT, "@offer"),
        ),
        work="bot",
    ),
    Talk(
        "Aisha Rahman",
        "+13475550145",
        (
            (5 * HOUR, PATIENT, "Good morning, can I get a visit this week?"),
            (5 * HOUR, BOT, "@offer"),
            (5 * HOUR - 4, PATIENT, "number 2 please"),
            (5 * HOUR - 4, BOT, "@requested"),
            (4 * HOUR + 20, SYSTEM, "@accepted"),
            (4 * HOUR + 12, PATIENT, "Perfect, thank you!"),
        ),
        born="1998-01-19",
        visits=(Visit(2, "confirmed", asked_ago=5 * HOUR - 4),),
    ),
    Talk(
        "Walter Nowak",
        "+19145550158",
        (
            (3 * DAY, PATIENT, "Please confirm my visit, I have no e-mail"),
            (
                3 * DAY - 50,
                STAFF,
                "Dear Mr. Nowak, you are in our book for {visit}. See you then!",
                "undelivered:30005",
            ),
        ),
        channel="sms",
        work="needs_reply",
        born="1948-12-09",
        visits=(Visit(5),),
    ),
    Talk(
        "Dolores Ibarra",
        "+16465550191",
        (
            (4 * DAY, PATIENT, "Gracias por todo, la doctora fue muy amable"),
            (4 * DAY - 30, STAFF, "Gracias a usted, Dolores. Que se mejore pronto.", "delivered"),
        ),
        language="es",
        visits=(Visit(-4, "fulfilled", 15),),
        born="1957-05-23",
    ),
    Talk(
        "Kevin Park",
        "+17185550102",
        (
            (6 * DAY, PATIENT, "Can you move my visit to the afternoon?"),
            (6 * DAY - 22, STAFF, "Hi Kevin, of course. Would 3:30 PM on the same day work?"),
            (6 * DAY - 30, PATIENT, "Yes 👍"),
            (6 * DAY - 35, STAFF, "Done. See you then."),
            (6 * DAY - 36, NOTE, "Prefers afternoons; drives in from New Jersey."),
        ),
        visits=(Visit(-1, "fulfilled", 15), Visit(13, doctor=1)),
        born="1983-02-07",
    ),
    Talk(
        "Helen Marsh",
        "+12125550133",
        (
            (9 * DAY, PATIENT, "STOP"),
            (9 * DAY, BOT, "@opted_out"),
        ),
        opted_out=True,
    ),
)

PLAN = Plan(
    slug="riverside",
    name="Riverside",
    country="US",
    timezone="America/New_York",
    language="en",
    number="+12125550142",
    address="48 Riverside Drive, New York",
    owner=("owner@riverside.example", "Elena Vidal"),
    staff=(
        ("marta@riverside.example", "Marta Ruiz", Role.RECEPTIONIST),
        ("devon@riverside.example", "Devon Clarke", Role.ADMIN_DOCTOR),
    ),
    doctors=("Dr. Elena Vidal", "Dr. Samuel Okafor"),
    types=(
        ({"en": "Check-up", "es": "Chequeo", "zh": "常规检查"}, 30),
        ({"en": "Blood test", "es": "Análisis de sangre", "zh": "验血"}, 15),
    ),
    talks=TALKS,
)
