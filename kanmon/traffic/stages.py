"""The API pointer: the deployment and `slot` variable of one stage, for routes and functions together.

https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateStage.html; paths to patch:
https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code, is_missing
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.model import Pointer, Slot
from kanmon.naming import LIVE_STAGE, SNAPSHOT, STAGE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection

    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_apigateway.type_defs import PatchOperationTypeDef, StageResponseTypeDef

    from kanmon.config.api import Throttle
    from kanmon.traffic.stage_settings import StageSettings


@dataclass(frozen=True)
class ApiStages:
    """The stages of one REST API."""

    apigateway: APIGatewayClient
    api_id: str
    settings: StageSettings

    def live(self) -> Pointer | None:
        """The pointer of the live stage; None before there is one."""
        stage = self._find(LIVE_STAGE)
        return _pointer(stage) if stage else None

    def move(self, target: Pointer, *, allowed: frozenset[Pointer] | None) -> bool:
        """Point the live stage at `target` and end any canary, in one call.

        Returns whether it was needed. A target without a deployment stands for "before the first release":
        the stage is removed. Raises POINTER_MOVED when the stage points at neither the target nor one of
        `allowed`; None allows every pointer.
        """
        stage = self._find(LIVE_STAGE)
        if stage is None:
            if target.deployment:
                self._create(LIVE_STAGE, target)
            return bool(target.deployment)
        present = _pointer(stage)
        canary = "canarySettings" in stage
        if present == target and not canary:
            return False
        if allowed is not None and present not in allowed | {target}:
            raise KanmonError(
                Code.POINTER_MOVED,
                phrase(
                    "The live stage serves the {slot} slot with the routes {routes}; this release expected "
                    "something else.",
                    slot=present.slot,
                    routes=present.deployment,
                ),
                where=phrase("stage {stage} of API {api}", stage=LIVE_STAGE, api=self.api_id),
            )
        if not target.deployment:
            self._remove(LIVE_STAGE)
            return True
        operations: list[PatchOperationTypeDef] = (
            [{"op": "remove", "path": "/canarySettings"}] if canary else []
        )
        operations += [_replace(f"/variables/{STAGE_VARIABLE}", target.slot)]
        if present.deployment != target.deployment:
            operations += [_replace("/deploymentId", target.deployment)]
        doing = phrase("pointing the API at the {slot} slot", slot=target.slot)
        self._update(LIVE_STAGE, operations, doing)
        return True

    def shift(self, candidate: Pointer, percent: int) -> None:
        """Give `percent` of the live stage's requests to the candidate, in one call."""
        operations = [
            _replace("/canarySettings/percentTraffic", str(percent)),
            _replace("/canarySettings/deploymentId", candidate.deployment),
            _replace(f"/canarySettings/stageVariableOverrides/{STAGE_VARIABLE}", candidate.slot),
        ]
        doing = phrase(
            "giving {percent} % of requests to the {slot} slot", percent=percent, slot=candidate.slot
        )
        self._update(LIVE_STAGE, operations, doing)

    def apply_settings(self, throttle: Throttle) -> bool:
        """Give the live stage a release's settings, in at most one call.

        Returns whether any differed. The pointer and a canary stay as they are.
        """
        stage = self._find(LIVE_STAGE)
        changes = replace(self.settings, throttle=throttle).changes(stage) if stage else []
        if changes:
            self._update(LIVE_STAGE, changes, phrase("changing the settings of the API's stage live"))
        return bool(changes)

    def open_preview(self, token: str, pointer: Pointer) -> None:
        """Create the stage of a preview, if it does not exist. A release without an API has no stage.

        Raises API_FULL.
        """
        if pointer.deployment:
            self._create(token, pointer)

    def close_preview(self, token: str) -> None:
        """Remove the stage of a preview, if it exists."""
        self._remove(token)

    def snapshots(self) -> set[str]:
        """The ids of Kanmon's own deployments. People may have made others."""
        with aws_errors(phrase("listing the snapshots of the routes")):
            # A page has at most 500, and 25 without the parameter:
            # https://docs.aws.amazon.com/apigateway/latest/api/API_GetDeployments.html
            pages = self.apigateway.get_paginator("get_deployments").paginate(
                restApiId=self.api_id, PaginationConfig={"PageSize": 500}
            )
            items = [one for page in pages for one in page.get("items", [])]
        return {one["id"] for one in items if one.get("description", "").startswith(SNAPSHOT)}

    def delete_snapshots(self, unneeded: Collection[str]) -> int:
        """Delete deployments at which no stage points; their number. You can repeat the call."""
        with aws_errors(phrase("deleting old snapshots of the routes")):
            # API Gateway refuses the others, too. Then those after it would stay.
            old = set(unneeded) - self._deployments_of_stages() if unneeded else set()
            for deployment in sorted(old):
                self._delete_deployment(deployment)
        return len(old)

    def _deployments_of_stages(self) -> set[str]:
        stages = self.apigateway.get_stages(restApiId=self.api_id).get("item", [])
        canaries = (stage.get("canarySettings", {}).get("deploymentId", "") for stage in stages)
        return {*(stage["deploymentId"] for stage in stages), *canaries}

    def _delete_deployment(self, deployment: str) -> None:
        try:
            self.apigateway.delete_deployment(restApiId=self.api_id, deploymentId=deployment)
        except ClientError as error:
            if not is_missing(error):
                raise

    def _find(self, name: str) -> StageResponseTypeDef | None:
        doing = phrase("reading the API's stage {stage}", stage=_shown(name))
        with aws_errors(doing, hide=_secret(name)):
            try:
                return self.apigateway.get_stage(restApiId=self.api_id, stageName=name)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise

    def _create(self, name: str, pointer: Pointer) -> None:
        doing = phrase("creating the API's stage {stage}", stage=_shown(name))
        with aws_errors(doing, hide=_secret(name)):
            try:
                self.apigateway.create_stage(
                    restApiId=self.api_id,
                    stageName=name,
                    deploymentId=pointer.deployment,
                    variables={STAGE_VARIABLE: pointer.slot},
                )
            except ClientError as error:
                if error_code(error) == "LimitExceededException":
                    raise self._full() from None
                # Our own first call may have created it, with its answer lost.
                if error_code(error) != "ConflictException":
                    raise
        # CreateStage takes neither limits nor the access log, so this call is needed anyway. It has the
        # traces, too: after a lost answer, the stage may be there without any setting
        # (https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html).
        doing = phrase("setting up the API's stage {stage}", stage=_shown(name))
        self._update(name, self.settings.changes(), doing)

    def _full(self) -> KanmonError:
        """An API takes ten stages, and Kanmon uses three of them at most.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
        """
        return KanmonError(
            Code.API_FULL,
            phrase("Kanmon uses `live` and at most two for previews. The others are somebody else's."),
            where=f"API {self.api_id}",
            fix=Code.API_FULL.fix_with(API=self.api_id),
        )

    def _remove(self, name: str) -> None:
        doing = phrase("removing the API's stage {stage}", stage=_shown(name))
        with aws_errors(doing, hide=_secret(name)):
            try:
                self.apigateway.delete_stage(restApiId=self.api_id, stageName=name)
            except ClientError as error:
                if not is_missing(error):
                    raise

    def _update(self, name: str, operations: list[PatchOperationTypeDef], doing: str) -> None:
        with aws_errors(doing, hide=_secret(name)):
            self.apigateway.update_stage(restApiId=self.api_id, stageName=name, patchOperations=operations)


def _replace(path: str, value: str) -> PatchOperationTypeDef:
    return {"op": "replace", "path": path, "value": value}


def _pointer(stage: StageResponseTypeDef) -> Pointer:
    slot = stage.get("variables", {}).get(STAGE_VARIABLE, Slot.NONE)
    if slot not in set(Slot):
        problem = phrase("The live stage serves the slot {slot!r}, which is none of Kanmon's.", slot=slot)
        raise KanmonError(Code.POINTER_MOVED, problem, where=phrase("stage {stage}", stage=LIVE_STAGE))
    return Pointer(deployment=stage["deploymentId"], slot=Slot(slot))


def _secret(name: str) -> str:
    return "" if name == LIVE_STAGE else name


def _shown(name: str) -> str:
    """A stage's name for messages.

    The name of a preview's stage is secret, so only its release is shown.
    """
    if name == LIVE_STAGE:
        return name
    return phrase("of the preview of {release}", release=name.split("-", maxsplit=1)[0])
