"""Any template reads the same after it was written in Kanmon's form (ADP-2)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from kanmon.bundle.own_stacks import _LongForms
from kanmon.bundle.template_text import section_text
from kanmon.stacks.template import resources_of

TEXT = st.text(max_size=12)
SCALAR = st.one_of(
    TEXT,
    st.booleans(),
    st.integers(-9, 99999),
    st.sampled_from(["yes", "012", "1:30", "2012-10-17", "", "~", "a: b"]),
)
VALUE = st.recursive(
    st.one_of(
        SCALAR,
        st.sampled_from(
            [
                {"Ref": "A"},
                {"Fn::GetAtt": ["A", "B.C"]},
                {"Fn::Sub": "x ${A}\n\u00fc"},
                {"Fn::Base64": {"Ref": "A"}},
            ]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text("AbC-1: ", min_size=1, max_size=5), inner, max_size=3),
        st.lists(inner, min_size=1, max_size=3).map(lambda values: {"Fn::Join": values}),
    ),
    max_leaves=8,
)


def _read(text: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _LongForms
    yaml.version = (1, 1)
    return yaml.load(text)


@given(st.dictionaries(st.sampled_from(["One", "Two", "Three"]), VALUE, min_size=1))
def test_every_value_is_read_again(properties: dict[str, Any]) -> None:
    """In plain ASCII, and each resource can be read one by one."""
    resource = {"Type": "AWS::SNS::Topic", "Properties": properties}
    text = section_text("Resources", {"A": resource, "B": {"Type": "AWS::SQS::Queue"}})
    assert text.isascii()
    assert _read(text) == {"Resources": {"A": resource, "B": {"Type": "AWS::SQS::Queue"}}}
    assert (resources_of(text) or {}).keys() == {"A", "B"}
