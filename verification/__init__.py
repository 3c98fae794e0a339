"""Kanmon on a real AWS account: everything is made, checked, measured and removed (`scripts/verify-aws`)."""
