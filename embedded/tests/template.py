"""A small app's stack: the same features of each service as in Kanmon's own templates, and no more."""

from __future__ import annotations

import hashlib
import json
from typing import Any

PREFIX = "edge-test"
FUNCTION = """
import json, os

def handler(event, context):
    if "methodArn" in event:
        effect = "Allow" if event["headers"]["Authorization"] == os.environ["SLOT"] else "Deny"
        statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
        return {"principalId": os.environ["SLOT"], "policyDocument": {"Statement": [statement]}}
    if event["path"].endswith("/binary"):
        return {"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}
    if event["path"].endswith("/boom"):
        raise RuntimeError("boom")
    if event["path"].endswith("/malformed"):
        return {"body": 1}
    return {
        "statusCode": 200,
        "headers": {"x-slot": os.environ["SLOT"], "content-type": "application/json"},
        "body": json.dumps({"slot": os.environ["SLOT"], "event": event}),
    }
"""
PATH_FUNCTION = """
function handler(event) {
  var request = event.request;
  var cookie = request.cookies['preview'];
  if (request.uri === '/moved') {
    return { statusCode: 302, headers: { location: { value: '/' } },
             cookies: { seen: { value: '1', attributes: 'Path=/' } } };
  }
  if (request.uri.startsWith('/api/')) {
    request.uri = '/' + (cookie ? cookie.value : 'live') + request.uri;
  } else if (request.uri.indexOf('.') < 0) {
    request.uri = (cookie ? '/releases/r2' : '') + '/index.html';
  }
  return request;
}
"""
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
TARGET = (
    "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/arn:aws:lambda:"
    "${AWS::Region}:${AWS::AccountId}:function:edge-test-${!stageVariables.slot}-api/invocations"
)
Resources = dict[str, Any]
Paths = dict[str, str]
PATHS: Paths = {"/api/version": "get", "/api/goals/{id}": "x-amazon-apigateway-any-method"}


def template(
    paths: Paths = PATHS,
    role: str = "IntegrationRole",
    operations: dict[str, dict[str, Any]] | None = None,
    schemes: dict[str, Any] | None = None,
    **extensions: Any,
) -> dict[str, Any]:
    """The stack. Other paths, roles or extensions of its OpenAPI document make another deployment.

    `operations` changes keys of a path's operation; `schemes` are the document's security schemes.
    """
    document = _document(paths, role, extensions)
    document["components"] = {"securitySchemes": schemes or {}}
    for path, changes in (operations or {}).items():
        document["paths"][path] = {key: one | changes for key, one in document["paths"][path].items()}
    deployment = "Deployment" + hashlib.sha256(json.dumps(document).encode()).hexdigest()[:12]
    resources: Resources = {
        **_function("blue"),
        **_function("green"),
        **_api(document, role, deployment),
        **_web(),
        **_edge(),
    }
    return {
        "Resources": resources,
        "Outputs": {
            "ApiId": {"Value": {"Ref": "Api"}},
            "Deployment": {"Value": {"Ref": deployment}},
            "Bucket": {"Value": {"Ref": "Bucket"}},
            "Domain": {"Value": {"Fn::GetAtt": "Distribution.DomainName"}},
            "RoleName": {"Value": {"Ref": role}},
        },
    }


def _function(slot: str) -> Resources:
    role = {"Fn::GetAtt": "FunctionRole.Arn"}
    properties = {
        "FunctionName": f"{PREFIX}-{slot}-api",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": role,
        "Code": {"ZipFile": FUNCTION},
        "Environment": {"Variables": {"SLOT": slot}},
    }
    return {
        "FunctionRole": _role("lambda.amazonaws.com", []),
        f"{slot.title()}Function": {"Type": "AWS::Lambda::Function", "Properties": properties},
    }


def _role(service: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    policies = [
        {
            "PolicyName": "own",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        }
    ]
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {**properties, **({"Policies": policies} if statements else {})},
    }


def _api(document: dict[str, Any], role: str, deployment: str) -> Resources:
    invoke = {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": {"Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:edge-test-*"},
    }
    imported = {
        "Body": document,
        "Mode": "overwrite",
        "FailOnWarnings": True,
        "Parameters": {"endpointConfigurationTypes": "REGIONAL"},
    }
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": imported},
        role: _role("apigateway.amazonaws.com", [invoke]),
        deployment: {
            "Type": "AWS::ApiGateway::Deployment",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
    }


def _document(paths: Paths, role: str, extensions: dict[str, Any]) -> dict[str, Any]:
    integration = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "credentials": {"Fn::GetAtt": f"{role}.Arn"},
        "uri": {"Fn::Sub": TARGET},
    }
    operation = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration}
    return {
        "openapi": "3.0.1",
        "info": {"title": PREFIX, "version": "1"},
        "paths": {path: {method: operation} for path, method in paths.items()},
        **{f"x-amazon-apigateway-{name.replace('_', '-')}": value for name, value in extensions.items()},
    }


def _web() -> Resources:
    source = {"Fn::Sub": "arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}

    def grant(action: str, resource: Any) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": action,
            "Resource": resource,
            "Condition": {"StringEquals": {"aws:SourceArn": source}},
        }

    statements = [
        grant("s3:GetObject", {"Fn::Sub": "${Bucket.Arn}/*"}),
        grant("s3:ListBucket", {"Fn::GetAtt": "Bucket.Arn"}),
    ]
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "edge-test-web"}},
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
            },
        },
        "Access": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": PREFIX,
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
    }


def _edge() -> Resources:
    return {
        "PathFunction": {
            "Type": "AWS::CloudFront::Function",
            "Properties": {
                "Name": f"{PREFIX}-path",
                "AutoPublish": True,
                "FunctionConfig": {"Comment": "paths", "Runtime": "cloudfront-js-2.0"},
                "FunctionCode": PATH_FUNCTION,
            },
        },
        "Pages": {
            "Type": "AWS::CloudFront::CachePolicy",
            "Properties": {"CachePolicyConfig": _cache_policy("pages", 3600)},
        },
        "Security": {
            "Type": "AWS::CloudFront::ResponseHeadersPolicy",
            "Properties": {
                "ResponseHeadersPolicyConfig": {
                    "Name": f"{PREFIX}-security",
                    "SecurityHeadersConfig": {"ContentTypeOptions": {"Override": True}},
                }
            },
        },
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": _distribution()},
        },
    }


def _cache_policy(name: str, seconds: int) -> dict[str, Any]:
    return {
        "Name": f"{PREFIX}-{name}",
        "MinTTL": 0,
        "DefaultTTL": seconds,
        "MaxTTL": 31536000,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True,
            "EnableAcceptEncodingBrotli": True,
            "CookiesConfig": {"CookieBehavior": "none"},
            "HeadersConfig": {"HeaderBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
    }


def _distribution() -> dict[str, Any]:
    function = {"EventType": "viewer-request"}
    associations = [{**function, "FunctionARN": {"Fn::GetAtt": "PathFunction.FunctionARN"}}]
    web = {
        "TargetOriginId": "web",
        "ViewerProtocolPolicy": "redirect-to-https",
        "Compress": True,
        "CachePolicyId": {"Ref": "Pages"},
        "ResponseHeadersPolicyId": {"Ref": "Security"},
    }
    api = {
        "PathPattern": "/api/*",
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_VIEWER_EXCEPT_HOST,
        "FunctionAssociations": associations,
    }
    return {
        "Enabled": True,
        "Origins": [
            {
                "Id": "web",
                "DomainName": {"Fn::GetAtt": "Bucket.RegionalDomainName"},
                "OriginAccessControlId": {"Fn::GetAtt": "Access.Id"},
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            },
            {
                "Id": "api",
                "DomainName": {"Fn::Sub": "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
                "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
            },
        ],
        "DefaultCacheBehavior": {**web, "FunctionAssociations": associations},
        "CacheBehaviors": [api, {**web, "PathPattern": "/assets/*"}],
        "CustomErrorResponses": [{"ErrorCode": 502, "ErrorCachingMinTTL": 0}],
    }
