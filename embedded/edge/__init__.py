"""The loopback edge: CloudFront and API Gateway's data plane, from the deployed resources."""
