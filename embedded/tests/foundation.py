"""A foundation as production has one, with every type in its smallest form."""

from __future__ import annotations

from typing import Any

FOUNDATION: dict[str, Any] = {
    "Resources": {
        "Vpc": {
            "Type": "AWS::EC2::VPC",
            "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True},
        },
        "SubnetA": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.0.0.0/24",
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            },
        },
        "SubnetB": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": "10.0.1.0/24",
                "AvailabilityZone": {"Fn::Select": [1, {"Fn::GetAZs": ""}]},
            },
        },
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "GatewayAttachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
        "NatGateway": {
            "Type": "AWS::EC2::NatGateway",
            "Properties": {
                "SubnetId": {"Ref": "SubnetA"},
                "AllocationId": {"Fn::GetAtt": "Address.AllocationId"},
            },
        },
        "RouteTable": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Route": {
            "Type": "AWS::EC2::Route",
            "Properties": {
                "RouteTableId": {"Ref": "RouteTable"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "NatGatewayId": {"Ref": "NatGateway"},
            },
        },
        "RouteTableSubnet": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"SubnetId": {"Ref": "SubnetA"}, "RouteTableId": {"Ref": "RouteTable"}},
        },
        "BucketEndpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
                "VpcEndpointType": "Gateway",
                "RouteTableIds": [{"Ref": "RouteTable"}],
            },
        },
        "FunctionGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "fn", "VpcId": {"Ref": "Vpc"}},
        },
        "DatabaseGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"GroupDescription": "db", "VpcId": {"Ref": "Vpc"}},
        },
        "DatabaseIngress": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": "DatabaseGroup.GroupId"},
                "IpProtocol": "tcp",
                "FromPort": 5432,
                "ToPort": 5432,
                "SourceSecurityGroupId": {"Fn::GetAtt": "FunctionGroup.GroupId"},
            },
        },
        "FunctionEgress": {
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": "FunctionGroup.GroupId"},
                "IpProtocol": "tcp",
                "FromPort": 5432,
                "ToPort": 5432,
                "DestinationSecurityGroupId": {"Fn::GetAtt": "DatabaseGroup.GroupId"},
            },
        },
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "KeyPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
                            "Action": "kms:*",
                            "Resource": "*",
                        }
                    ],
                },
                "EnableKeyRotation": True,
            },
        },
        "Alias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": "alias/app", "TargetKeyId": {"Ref": "Key"}},
        },
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "Name": "app/db",
                "KmsKeyId": {"Ref": "Key"},
                "GenerateSecretString": {
                    "SecretStringTemplate": '{"username": "app_admin"}',
                    "GenerateStringKey": "password",
                    "PasswordLength": 40,
                    "ExcludeCharacters": '"@/\\',
                },
            },
        },
        "SecretAttachment": {
            "Type": "AWS::SecretsManager::SecretTargetAttachment",
            "Properties": {
                "SecretId": {"Ref": "Secret"},
                "TargetId": {"Ref": "Cluster"},
                "TargetType": "AWS::RDS::DBCluster",
            },
        },
        "Rotation": {
            "Type": "AWS::SecretsManager::RotationSchedule",
            "DependsOn": "SecretAttachment",
            "Properties": {"SecretId": {"Ref": "Secret"}, "RotationRules": {"AutomaticallyAfterDays": 30}},
        },
        "SubnetGroup": {
            "Type": "AWS::RDS::DBSubnetGroup",
            "Properties": {
                "DBSubnetGroupDescription": "x",
                "SubnetIds": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}],
            },
        },
        "ClusterParameters": {
            "Type": "AWS::RDS::DBClusterParameterGroup",
            "Properties": {
                "Family": "aurora-postgresql16",
                "Description": "x",
                "Parameters": {"rds.force_ssl": "1"},
            },
        },
        "Cluster": {
            "Type": "AWS::RDS::DBCluster",
            "DeletionPolicy": "Snapshot",
            "Properties": {
                "Engine": "aurora-postgresql",
                "EngineVersion": "16.6",
                "DatabaseName": "app",
                "DBClusterParameterGroupName": {"Ref": "ClusterParameters"},
                "DBSubnetGroupName": {"Ref": "SubnetGroup"},
                "VpcSecurityGroupIds": [{"Fn::GetAtt": "DatabaseGroup.GroupId"}],
                "KmsKeyId": {"Fn::GetAtt": "Key.Arn"},
                "StorageEncrypted": True,
                "MasterUsername": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:username}}"},
                "MasterUserPassword": {
                    "Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password}}"
                },
                "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 2},
            },
        },
        "Writer": {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {
                "DBClusterIdentifier": {"Ref": "Cluster"},
                "DBInstanceClass": "db.serverless",
                "Engine": "aurora-postgresql",
            },
        },
        "Reader": {
            "Type": "AWS::RDS::DBInstance",
            "DependsOn": "Writer",
            "Properties": {
                "DBClusterIdentifier": {"Ref": "Cluster"},
                "DBInstanceClass": "db.serverless",
                "Engine": "aurora-postgresql",
            },
        },
        "MathAlarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "a1",
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Threshold": 5,
                "Metrics": [{"Id": "e", "Expression": "m1/m2", "ReturnData": True}],
            },
        },
        "RollbackAlarm": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {"AlarmName": "rollback", "AlarmRule": {"Fn::Sub": 'ALARM("${MathAlarm}")'}},
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
        "LogBucket": {"Type": "AWS::S3::Bucket"},
        "Trail": {
            "Type": "AWS::CloudTrail::Trail",
            "Properties": {
                "IsLogging": True,
                "S3BucketName": {"Ref": "LogBucket"},
                "IsMultiRegionTrail": True,
                "EnableLogFileValidation": True,
            },
        },
        "TraceGroup": {
            "Type": "AWS::XRay::Group",
            "Properties": {"GroupName": "app", "FilterExpression": 'service("x")'},
        },
        "TraceSampling": {
            "Type": "AWS::XRay::SamplingRule",
            "Properties": {"SamplingRule": {"RuleName": "app", "FixedRate": 0.1}},
        },
        "Budget": {
            "Type": "AWS::Budgets::Budget",
            "Properties": {
                "Budget": {
                    "BudgetName": "app",
                    "BudgetType": "COST",
                    "TimeUnit": "MONTHLY",
                    "BudgetLimit": {"Amount": 100, "Unit": "USD"},
                }
            },
        },
        "Provider": {
            "Type": "AWS::IAM::OIDCProvider",
            "Properties": {
                "Url": "https://token.actions.githubusercontent.com",
                "ClientIdList": ["sts.amazonaws.com"],
            },
        },
    },
    "Outputs": {
        "Secret": {"Value": {"Ref": "Secret"}},
        "Cluster": {"Value": {"Ref": "Cluster"}},
        "DatabaseGroup": {"Value": {"Ref": "DatabaseGroup"}},
        "Provider": {"Value": {"Ref": "Provider"}},
    },
}
