"""Who may do what: IAM policies, evaluated as AWS does it."""
