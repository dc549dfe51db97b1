"""Django's own widgets in the product's clothes, for forms whose fields we do not name one by one."""

from django import template
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, RadioSelect
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def dressed(field: BoundField) -> SafeString:
    """Return the field's widget with our classes and what a screen reader needs."""
    widget = field.field.widget
    attrs: dict[str, str | bool] = {}
    if not isinstance(widget, CheckboxInput | RadioSelect):
        attrs["class"] = "input"
    if field.errors:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{field.id_for_label}-error"}
    return field.as_widget(attrs=attrs)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Tell whether the label belongs behind the control."""
    return isinstance(field.field.widget, CheckboxInput)
