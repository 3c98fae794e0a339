"""Renders the CloudFormation templates. Each template in `infra/` has a module here, with the same name."""
