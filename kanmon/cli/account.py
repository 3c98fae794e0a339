"""The AWS account of an app: its clients and the names of Kanmon's own things in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, is_missing
from kanmon.bundle.blobs import Blobs
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.naming import Output, artifact_bucket, bootstrap_stack, environment_output, service_role
from kanmon.stacks.cloudformation import Stacks
from kanmon.templates.bootstrap import lacking_rights, lacking_types
from kanmon.templates.stack_set import Bootstrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanmon.aws.clients import Aws
    from kanmon.config.schema import Config


@dataclass(frozen=True)
class Account:
    """The AWS account, for one app."""

    config: Config
    aws: Aws
    """AWS in the config's region."""

    @cached_property
    def bucket(self) -> str:
        """The artifact bucket's name."""
        return artifact_bucket(self.config.app, self.aws.account, self.config.region)

    @cached_property
    def service_role(self) -> str:
        """The ARN of CloudFormation's role. Empty when the config asks for no roles."""
        if self.config.github is None:
            return ""
        return f"arn:{self.aws.partition}:iam::{self.aws.account}:role/{service_role(self.config.prefix)}"

    @cached_property
    def topic(self) -> str:
        """The ARN of the topic of releases. Raises NOT_BOOTSTRAPPED if it is missing."""
        return self._made(Output.TOPIC)

    @cached_property
    def bootstrapped(self) -> Bootstrapped:
        """What the bootstrap stack made for the environment. Raises NOT_BOOTSTRAPPED if it is missing."""
        key = self._made(environment_output(self.config.environment, Output.KEY_ARN))
        if self.config.github and (lacking := lacking_rights(self.config, self._outputs)):
            problem = phrase("The deploy role may not {lacking} for the checks.", lacking=lacking)
            fix = phrase("Run `kanmon bootstrap` with an administrator's credentials: it gives this right.")
            raise KanmonError(Code.NOT_BOOTSTRAPPED, problem, fix=fix)
        return Bootstrapped(self.bucket, key)

    def refuse_new_types(self, types: Mapping[str, Iterable[str]]) -> None:
        """Raise NOT_BOOTSTRAPPED when CloudFormation's role lacks the rights for a type, by own stacks.

        Without it, CloudFormation would refuse the resource in the middle of the deploy.
        """
        if self.config.github is None:
            return
        found = {name: lacking_types(self.config, given, self._outputs) for name, given in types.items()}
        lacking = [
            phrase("{type} in {stack}", type=kind, stack=name)
            for name, kinds in found.items()
            for kind in kinds
        ]
        if lacking:
            problem = phrase("CloudFormation's role has no rights for {lacking}.", lacking=", ".join(lacking))
            fix = phrase(
                "An administrator runs `kanmon bootstrap`. It shows the rights before it gives them."
            )
            raise KanmonError(Code.NOT_BOOTSTRAPPED, problem, where="stacks", fix=fix)

    @property
    def _place(self) -> str:
        return phrase(
            "{region} of the account {account}", region=self.config.region, account=self.aws.account
        )

    def _made(self, output: str) -> str:
        name = bootstrap_stack(self.config.app)
        if output not in self._outputs:
            problem = phrase(
                "{name} in {place} has no output {output}.", name=name, place=self._place, output=output
            )
            if not self._outputs:
                problem = phrase("There is no stack {name} in {place}.", name=name, place=self._place)
            raise KanmonError(Code.NOT_BOOTSTRAPPED, problem)
        return self._outputs[output]

    @cached_property
    def _outputs(self) -> Mapping[str, str]:
        stack = Stacks(self.aws.cloudformation).find(bootstrap_stack(self.config.app))
        return stack.outputs if stack else {}

    @cached_property
    def blobs(self) -> Blobs:
        """The blobs in the artifact bucket. Raises NOT_BOOTSTRAPPED if there is no bucket."""
        with aws_errors(phrase("looking for the bucket {bucket}", bucket=self.bucket)):
            try:
                self.aws.s3.head_bucket(Bucket=self.bucket)
            except ClientError as error:
                if not is_missing(error):
                    raise
                problem = phrase(
                    "There is no bucket {bucket} in {place}.", bucket=self.bucket, place=self._place
                )
                raise KanmonError(Code.NOT_BOOTSTRAPPED, problem) from error
        return Blobs(self.aws.s3, self.bucket, self.config.environment)
