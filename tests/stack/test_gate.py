"""The bans and the look at translations of the gate catch what they are there for."""

import importlib.util
import sys

import pytest

from tests.stack.running import PROJECT


@pytest.fixture
def gate(monkeypatch, tmp_path):
    """Load a script of the gate and point it at a small project of its own."""

    def load(name):
        spec = importlib.util.spec_from_file_location(f"gate_{name}", PROJECT / ".ci" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, "ROOT", tmp_path)
        return module

    return load


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "line",
    [
        "with tenant:",
        "    with clinic as c:",
        "with request.tenant, other():",
        "from django_tenants.utils import schema_context",
        "x = datetime.now(UTC)",
        "x = timezone.now()",
        "x = date.today()",
        "post_save.connect(f)",
        "# TODO later",
    ],
)
def test_banned_code_is_found(gate, tmp_path, line):
    write(tmp_path, "clinics/views.py", f"import x\n{line}\n")
    assert [text.split(": ")[0] for text in gate("bans").offences()] == ["clinics/views.py:2"]


@pytest.mark.parametrize(
    "line",
    [
        "with in_clinic(clinic):",
        "with clinic_lock:",
        "value = field.pre_save(row, add=True)",
        "at = clock.now()",
    ],
)
def test_what_only_looks_like_it_is_left_alone(gate, tmp_path, line):
    write(tmp_path, "clinics/views.py", line)
    assert list(gate("bans").offences()) == []


@pytest.mark.parametrize(
    ("markup", "banned"),
    [
        ("<script>alert(1)</script>", True),
        ('<script src="{% static "js/inbox.js" %}" defer></script>', False),
        ('<script type="application/json" id="x">{}</script>', False),
        ("<style>b{}</style>", True),
        ('<p\n  style="color: red">', True),
        ('<p data-style="x" class="style">', False),
        ('<button onclick="go()">', True),
        ('<link rel="stylesheet" href="https://cdn.example/x.css">', True),
        ('{% if provider == "twilio" %}', True),
        ("{# <script> in a remark #}", False),
    ],
)
def test_templates_keep_to_the_content_policy(gate, tmp_path, markup, banned):
    write(tmp_path, "templates/page.html", f"<main>\n{markup}\n</main>")
    assert bool(list(gate("bans").offences())) is banned


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('msgid "Accept"\nmsgstr "Aceptar"\n', None),
        ('msgid "Accept"\nmsgstr ""\n', "untranslated"),
        ('#, fuzzy\nmsgid "Accept"\nmsgstr "Acepto"\n', "fuzzy"),
        ('#, python-format\nmsgid "%(n)s times"\nmsgstr "%(m)s horas"\n', "times"),
    ],
)
def test_a_catalog_that_is_not_whole_is_found(gate, tmp_path, entry, complaint):
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    write(tmp_path, "medsync/locale/es/LC_MESSAGES/django.po", head + entry)
    found = list(gate("translations").problems())
    assert bool(found) is (complaint is not None)
    assert all(complaint in text for text in found if complaint)


def test_a_string_that_never_reached_the_catalog_is_found(gate, tmp_path):
    module = gate("translations")
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    write(tmp_path, "medsync/locale/es/LC_MESSAGES/django.po", head)
    write(tmp_path, "clinics/views.py", 'from django.utils.translation import gettext as _\n_("Brand new")\n')
    if not module.shutil.which("xgettext"):
        pytest.skip("needs gettext")
    assert any("Brand new" in text for text in module.problems())
