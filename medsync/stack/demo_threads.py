"""What the demo's patients and staff have said: plain data, no clock. Everybody here is invented.

A line is (minutes ago, who, text, what became of it). Texts that begin with "@" are the product's own, in the
thread's language; "{visit}" stands for the time of the thread's visit.
"""

from dataclasses import dataclass, field

PATIENT, BOT, STAFF, SYSTEM, NOTE = "patient", "bot", "staff", "system", "note"
HOUR, DAY = 60, 24 * 60

Line = tuple[int, str, str] | tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit: `days` from today (negative: past), its state; past ones at `hour` of the clinic's clock."""

    days: int
    status: str = "confirmed"
    hour: int = 10
    doctor: int = 0
    attendance: str = "unasked"
    asked_ago: int = 0  # minutes; when a request was made


@dataclass(frozen=True, slots=True)
class Talk:
    """One thread."""

    name: str  # as the patient's record says; "" = not yet named
    number: str  # E.164, or a WhatsApp user id
    lines: tuple[Line, ...]
    channel: str = "whatsapp"
    language: str = ""  # "": the clinic's
    work: str = "done"  # messaging.models.WorkState
    profile: str = ""  # as WhatsApp shows it
    born: str = ""
    also: tuple[tuple[str, str], ...] = ()  # others on this phone: name, what its holder is to them
    visits: tuple[Visit, ...] = field(default=())
    unread: int = 0
    opted_out: bool = False


RIVERSIDE: tuple[Talk, ...] = (
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

SOL: tuple[Talk, ...] = (
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
