"""The team's own CloudFormation templates: read, checked, and written in Kanmon's form (ADP-2).

The bundle has them in the form of Kanmon's own templates. So a plan reads each resource and each permission
in them, and CloudFormation answers with the same bytes.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode

from kanmon.bundle.manifest import StackTemplate
from kanmon.bundle.template_text import section_text
from kanmon.codes import Code
from kanmon.config.placeholders import names_in
from kanmon.config.stacks import BOUNDARY, ROLE_PATH
from kanmon.config.substitution import texts
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.plain_yaml import NoAliases, numbers_without_dot
from kanmon.regular_file import RefusedFileError, read_regular
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanmon.config.schema import Config
    from kanmon.config.stacks import Stack

_LARGEST = 1_000_000
"""Bytes of a template in S3.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
_DEEPEST = 60
_SHOWN = 80
_SECTIONS = (
    *("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions"),
    *("Resources", "Outputs"),
)
_MAPPINGS = ("Parameters", "Outputs", "Conditions", "Mappings", "Rules")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_TYPE = re.compile(r"[A-Za-z0-9:@._-]+")
_MACRO = "Fn::Transform"
_ROLE = "AWS::IAM::Role"
_BOUNDED = "KanmonBounded"
# What CloudFormation would run with more rights than the plan can show, or what no plan shows at all.
_NESTED = deferred("A plan doesn't show the resources of a nested stack. Make it a stack of its own.")
_CUSTOM_RESOURCE = deferred("A custom resource changes what no plan shows. Use a hook of the app.")
_LATER = deferred("It changes templates after their plan.")
_FOR_EVER = deferred("Its keys have no end, and no boundary holds them. Use a role.")
_PROVIDER = deferred("It lets others into the account. An administrator makes it.")
_REFUSED = {
    r"AWS::CloudFormation::Stack(Set)?": _NESTED,
    r"AWS::CloudFormation::CustomResource|Custom::.*": _CUSTOM_RESOURCE,
    r"AWS::CloudFormation::(Macro|Module.*)|.*::MODULE": _LATER,
    r"AWS::IAM::(User|AccessKey|Group|UserToGroupAddition)": _FOR_EVER,
    r"AWS::IAM::(OIDC|SAML)Provider": _PROVIDER,
}


class _LongForms(SafeConstructor):
    """Reads CloudFormation's short forms as its long ones."""


def _long_form(constructor: SafeConstructor, tag: str, node: Any) -> dict[str, Any]:  # noqa: ANN401 - any node
    match node:
        case ScalarNode():
            value = node.value.split(".", 1) if tag == "GetAtt" else node.value
        case SequenceNode():
            value = constructor.construct_sequence(node, deep=True)
        case _:
            value = constructor.construct_mapping(node, deep=True)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_LongForms.add_multi_constructor("!", _long_form)


def read_stacks(config: Config, project: Path) -> dict[str, StackTemplate]:
    """The templates of the config's own stacks, in Kanmon's form.

    Raises ARTIFACT_MISSING, UNSAFE_PATH or STACK_TEMPLATE_INVALID.
    """
    found = {name: _read(name, stack, project) for name, stack in config.stacks.items()}
    for text in texts(config):
        for named in names_in(text.text):
            stack, _, output = named.partition(".")
            if stack in found and output not in found[stack].outputs:
                problem = phrase(
                    "`${{{name}}}`: the template has no such output. It has {known}.",
                    name=cut(named, _SHOWN),
                    known=", ".join(found[stack].outputs) or phrase("none"),
                )
                raise _refusal(stack, config.stacks[stack], problem)
    return found


def _read(name: str, stack: Stack, project: Path) -> StackTemplate:
    path = project / stack.template
    where = f"stacks.{name}.template: {stack.template}"
    if not path.exists():
        problem = phrase("The template is not there after the build.")
        raise KanmonError(Code.ARTIFACT_MISSING, problem, where=where)
    if not path.resolve().is_relative_to(project.resolve()):
        problem = phrase("The symbolic link leads out of the app's folder.")
        raise KanmonError(Code.UNSAFE_PATH, problem, where=where)
    try:
        template = _parsed(read_regular(path, _LARGEST).decode())
    except RefusedFileError as error:
        raise _refusal(name, stack, phrase("The template {reason}.", reason=error)) from None
    except UnicodeDecodeError:
        raise _refusal(name, stack, phrase("It is not in UTF-8.")) from None
    except MarkedYAMLError as error:
        problem = phrase(
            "It is neither YAML nor JSON: {reason}, line {line}.",
            reason=cut(error.problem or "", _SHOWN),
            line=error.problem_mark.line + 1 if error.problem_mark else 1,
        )
        raise _refusal(name, stack, problem) from None
    except (YAMLError, ValueError, RecursionError):
        raise _refusal(name, stack, phrase("It is neither YAML nor JSON.")) from None
    for problem in _problems(template, stack):
        raise _refusal(name, stack, problem)
    parameters = template.get("Parameters") or {}
    return StackTemplate(
        body=_body(template),
        parameters=tuple(sorted(parameters)),
        outputs=tuple(sorted(template.get("Outputs") or {})),
        roles=_has_roles(template),
        types=tuple(sorted({str(one["Type"]) for one in template["Resources"].values()})),
        defaults={
            name: _text(one["Default"]) for name, one in sorted(parameters.items()) if "Default" in one
        },
    )


def _text(default: object) -> str:
    """A parameter's default as CloudFormation reads it."""
    return json.dumps(default) if isinstance(default, bool) else str(default)


def _refusal(name: str, stack: Stack, problem: str) -> KanmonError:
    where = f"stacks.{name}.template: {stack.template}"
    return KanmonError(Code.STACK_TEMPLATE_INVALID, problem, where=where)


def _parsed(text: str) -> dict[str, Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _LongForms
    # As CloudFormation reads it: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    yaml.version = (1, 1)
    yaml.max_depth = _DEEPEST
    yaml.Composer = NoAliases
    with numbers_without_dot():
        found = yaml.load(text)
    return found if isinstance(found, dict) else {}


def _problems(template: dict[str, Any], stack: Stack) -> Iterator[str]:
    if "Transform" in template:
        yield phrase(
            "It has a `Transform`, which changes a template after its plan. Write what it makes: `cdk synth` "
            "does."
        )
    if unknown := [str(key) for key in template if key not in _SECTIONS and key != "Transform"]:
        yield phrase("`{name}` is no section of a template.", name=cut(unknown[0], _SHOWN))
    if _has_macro(template):
        yield phrase(
            "It has a `{macro}`, which changes a template after its plan. Write what it makes.", macro=_MACRO
        )
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        yield phrase("It has no `Resources`.")
        return
    if odd := [problem for section in _MAPPINGS for problem in _mapping_problems(section, template)]:
        yield from odd
        return
    for name, resource in resources.items():
        yield from _resource_problems(str(name), resource)
    yield from _parameter_problems(template.get("Parameters", {}), stack)
    if _has_iam(template) and not stack.capabilities:
        yield phrase(
            "It makes roles or policies. If that is meant, add `capabilities: [CAPABILITY_NAMED_IAM]` to the "
            "stack in the config."
        )


def _mapping_problems(section: str, template: dict[str, Any]) -> Iterator[str]:
    found = template.get(section, {})
    if not isinstance(found, dict):
        yield phrase("`{name}` is no mapping.", name=section)
        return
    for key in found:
        if not isinstance(key, str) or not _LOGICAL_ID.fullmatch(key):
            yield phrase(
                "`{section}` has `{name}`: a name has letters and digits only, as a text.",
                section=section,
                name=cut(str(key), _SHOWN),
            )


def _has_macro(node: object) -> bool:
    """`Fn::Transform` anywhere: CloudFormation puts in what no plan shows, from a file that can change."""
    if isinstance(node, dict):
        return _MACRO in node or any(map(_has_macro, node.values()))
    return isinstance(node, list) and any(map(_has_macro, node))


def _resource_problems(name: str, resource: object) -> Iterator[str]:
    shown = cut(name, _SHOWN)
    kind = str(resource.get("Type", "")) if isinstance(resource, dict) else ""
    if not _LOGICAL_ID.fullmatch(name):
        yield phrase("`{name}` is no logical id: letters and digits only.", name=shown)
    if not isinstance(resource, dict) or not _TYPE.fullmatch(kind):
        yield phrase("`{name}` has no `Type`.", name=shown)
        return
    reasons = [phrase(reason) for pattern, reason in _REFUSED.items() if re.fullmatch(pattern, kind)]
    for reason in reasons:
        yield phrase(
            "`{name}` has the type {type}. {reason}", name=shown, type=cut(kind, _SHOWN), reason=reason
        )
    properties = resource.get("Properties", {})
    if not isinstance(properties, dict):
        yield phrase("`{name}` is no mapping.", name=f"{shown}.Properties")
    elif kind == _ROLE:
        for key in ("Path", "PermissionsBoundary"):
            if key in properties:
                yield phrase(
                    "`{name}` has a `{key}`. Leave it out: Kanmon gives each role its own.",
                    name=shown,
                    key=key,
                )


def _parameter_problems(declared: dict[str, Any], stack: Stack) -> Iterator[str]:
    for name, parameter in declared.items():
        if not _LOGICAL_ID.fullmatch(str(name)) or not isinstance(parameter, dict):
            yield phrase("The parameter `{name}` is not one.", name=cut(str(name), _SHOWN))
        elif name in {ROLE_PATH, BOUNDARY}:
            yield phrase("The parameter {name} is Kanmon's own. Rename it.", name=name)
        elif str(parameter.get("NoEcho", "")).lower() == "true":
            yield phrase(
                "The parameter {name} has `NoEcho`, and its value would stand in the config. Use a secret, "
                "with `{reference}` in the template.",
                name=name,
                reference="{{resolve:secretsmanager:…}}",
            )
        elif isinstance(parameter.get("Default", ""), dict | list | None):
            yield phrase("The default of the parameter {name} is no text.", name=name)
        elif name not in stack.parameters and "Default" not in parameter:
            yield phrase(
                "The parameter {name} has no default. Add it to the stack's `parameters`.", name=name
            )
    if unknown := [name for name in stack.parameters if name not in declared]:
        yield phrase(
            "The template has no parameter {name}. It has {known}.",
            name=unknown[0],
            known=", ".join(declared) or phrase("none"),
        )


def _has_roles(template: dict[str, Any]) -> bool:
    return any(one["Type"] == _ROLE for one in template["Resources"].values())


def _has_iam(template: dict[str, Any]) -> bool:
    kinds = (one.get("Type") for one in template["Resources"].values() if isinstance(one, dict))
    return any(str(kind).startswith("AWS::IAM::") for kind in kinds)


def _body(template: dict[str, Any]) -> str:
    """The template in Kanmon's form. Each role gets the path and the boundary, if there is one."""
    sections = {key: template[key] for key in _SECTIONS if key in template and key != "Metadata"}
    sections["AWSTemplateFormatVersion"] = "2010-09-09"
    resources = {
        name: {"Type": one["Type"]}
        | {key: value for key, value in one.items() if key not in {"Type", "Metadata"}}
        for name, one in template["Resources"].items()
    }
    if _has_roles(template):
        for one in resources.values():
            if one["Type"] == _ROLE:
                bounded = {"Fn::If": [_BOUNDED, {"Ref": BOUNDARY}, {"Ref": "AWS::NoValue"}]}
                one["Properties"] = one.get("Properties", {}) | {
                    "Path": {"Ref": ROLE_PATH},
                    "PermissionsBoundary": bounded,
                }
        own = {ROLE_PATH: {"Type": "String"}, BOUNDARY: {"Type": "String"}}
        sections["Parameters"] = sections.get("Parameters", {}) | own
        empty = {"Fn::Not": [{"Fn::Equals": [{"Ref": BOUNDARY}, ""]}]}
        sections["Conditions"] = sections.get("Conditions", {}) | {_BOUNDED: empty}
    sections["Resources"] = resources
    return "".join(section_text(key, sections[key]) for key in _SECTIONS if sections.get(key))
