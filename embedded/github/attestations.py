"""Artifact attestations: stored and listed; nothing verifies their signatures here.

https://docs.github.com/en/rest/repos/attestations
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from .routing import Answer, Call, RefusedError, Route, listed
from .state import Attestation


def _subjects(bundle: dict[str, Any]) -> list[str]:
    """The digests of the statement (https://in-toto.io/Statement/v1) inside a bundle."""
    try:
        statement = json.loads(b64decode(bundle["dsseEnvelope"]["payload"], validate=True))
        return [f"{name}:{value}" for item in statement["subject"] for name, value in item["digest"].items()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(422, "Validation Failed", "bundle holds no in-toto statement") from error


def create_attestation(call: Call) -> Answer:
    """https://docs.github.com/en/rest/repos/attestations#create-an-attestation"""
    bundle = call.body["bundle"]
    attestation = Attestation(call.state.new_id(), _subjects(bundle), bundle, call.actor)
    call.repository.attestations.append(attestation)
    return Answer({"id": attestation.id}, 201)


def list_attestations(call: Call) -> Answer:
    """https://docs.github.com/en/rest/repos/attestations#list-attestations"""
    matching = [item for item in call.repository.attestations if call.path["subject_digest"] in item.subjects]
    page = listed(
        call,
        matching,
        lambda item: {"bundle": item.bundle, "repository_id": call.repository.id, "initiator": item.by},
    )
    return Answer({"attestations": page.body}, headers=page.headers)


ROUTES = (
    Route("POST", "/attestations", "attestations: write", create_attestation),
    Route("GET", "/attestations/{subject_digest}", "attestations: read", list_attestations),
)
