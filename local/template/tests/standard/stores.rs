//! What protects the data: each loss is named.

use super::{Change, each_is_refused};

const POLICY: &str =
    "            Condition:\n              Bool: { \"aws:SecureTransport\": \"false\" }\n";

const LOSSES: [Change; 34] = [
    (
        "            ExpirationInDays: 60\n",
        "            ExpirationInDays: 3\n",
        &["Bucket.LifecycleConfiguration: work/ must be kept for 60 days"],
    ),
    (
        "{ NoncurrentDays: 1 }",
        "{ NoncurrentDays: 0 }",
        &["NoncurrentVersionExpiration.NoncurrentDays"],
    ),
    (
        "      DisplayName: Perennial\n",
        "      DisplayName: Perennial\n      KmsMasterKeyId: alias/aws/sns\n",
        &["Notifications.KmsMasterKeyId: under AWS's own key"],
    ),
    (
        "    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n",
        "    Type: AWS::S3::Bucket\n",
        &["Bucket.DeletionPolicy: it must be Retain"],
    ),
    (
        "    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n      BucketName",
        "    DeletionPolicy: Retain\n    UpdateReplacePolicy: Delete\n    Properties:\n      BucketName",
        &["Bucket.UpdateReplacePolicy: it must be Retain"],
    ),
    (
        "DeletionPolicy: Retain",
        "DeletionPolicy: Retian",
        &["Bucket.DeletionPolicy: “Retian” is not understood here; understood: Delete, Retain"],
    ),
    (
        "    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n",
        "    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Delete\n",
        &["Table.DeletionPolicy: it must be Retain"],
    ),
    (
        "    UpdateReplacePolicy: Retain\n    Properties:\n      TableName",
        "    Properties:\n      TableName",
        &["Table.UpdateReplacePolicy: it must be Retain"],
    ),
    (
        "- ServerSideEncryptionByDefault: { SSEAlgorithm: AES256 }",
        "- ServerSideEncryptionByDefault: { SSEAlgorithm: AES265 }",
        &[
            "Bucket.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm: “AES265” is not understood",
        ],
    ),
    (
        "      BucketEncryption:\n        ServerSideEncryptionConfiguration:\n          - !If\n            - HasKey\n            - BucketKeyEnabled: true\n              ServerSideEncryptionByDefault: { SSEAlgorithm: aws:kms, KMSMasterKeyID: !Ref KmsKeyArn }\n            - ServerSideEncryptionByDefault: { SSEAlgorithm: AES256 }\n",
        "",
        &["Bucket.BucketEncryption: what is stored must be encrypted"],
    ),
    (
        "        BlockPublicAcls: true\n",
        "        BlockPublicAcls: false\n",
        &["Bucket.PublicAccessBlockConfiguration.BlockPublicAcls: it must be true"],
    ),
    (
        "        BlockPublicPolicy: true\n",
        "",
        &["Bucket.PublicAccessBlockConfiguration.BlockPublicPolicy: it must be true"],
    ),
    (
        "        IgnorePublicAcls: true\n",
        "        IgnorePublicAcl: true\n",
        &["Bucket.PublicAccessBlockConfiguration.IgnorePublicAcl: this is not understood here"],
    ),
    (
        "        RestrictPublicBuckets: true\n",
        "        RestrictPublicBuckets: no-they-are-not\n",
        &[
            "Bucket.PublicAccessBlockConfiguration.RestrictPublicBuckets: true or false belongs here",
        ],
    ),
    (
        "ObjectOwnership: BucketOwnerEnforced",
        "ObjectOwnership: ObjectWriter",
        &["Bucket.OwnershipControls: BucketOwnerEnforced is needed"],
    ),
    (
        "Bool: { \"aws:SecureTransport\": \"false\" }",
        "Bool: { \"aws:SecureTransport\": \"true\" }",
        &["BucketPolicy.PolicyDocument.OnlyByTls: s3:ListBucket must be denied without TLS"],
    ),
    (
        POLICY,
        "",
        &[
            "BucketPolicy.PolicyDocument.OnlyByTls: it denies s3:ListBucket to everyone who asks by TLS",
        ],
    ),
    (
        "            Effect: Deny\n            Principal: \"*\"\n",
        "            Effect: Allow\n            Principal: \"*\"\n",
        &[
            "BucketPolicy.PolicyDocument.OnlyByTls.Effect: roles say who may use the bucket; its policy may only deny",
        ],
    ),
    (
        "Resource: [!GetAtt Bucket.Arn, !Sub \"${Bucket.Arn}/*\"]",
        "Resource: [!GetAtt Bucket.Arn]",
        &["BucketPolicy.PolicyDocument.OnlyByTls: s3:GetObject must be denied without TLS"],
    ),
    (
        "Resource: [!GetAtt Bucket.Arn, !Sub \"${Bucket.Arn}/*\"]",
        "Resource: [!GetAtt Bucket.Arn, !Sub \"${Bucket.Arn}/data/*\"]",
        &["BucketPolicy.PolicyDocument.OnlyByTls: s3:GetObject must be denied without TLS"],
    ),
    (
        "            Action: s3:*\n",
        "            Action: [s3:List*, s3:GetObject, s3:PutObject, s3:DeleteObject*]\n",
        &["BucketPolicy.PolicyDocument.OnlyByTls: s3:GetObjectVersion must be denied without TLS"],
    ),
    (
        "            Action: s3:*\n",
        "            Action: s3:GetObject\n",
        &["BucketPolicy.PolicyDocument.OnlyByTls: s3:ListBucket must be denied without TLS"],
    ),
    (
        "      Bucket: !Ref Bucket\n      PolicyDocument",
        "      Bucket: !Ref Table\n      PolicyDocument",
        &["Bucket.BucketPolicy: s3:ListBucket must be denied without TLS"],
    ),
    (
        "VersioningConfiguration: { Status: Enabled }",
        "VersioningConfiguration: { Status: Suspended }",
        &["Bucket.VersioningConfiguration: an upload is one version of one object"],
    ),
    (
        "            Prefix: work/\n",
        "",
        &["Bucket.LifecycleConfiguration: “” expires after 60 days; nothing but work/ may"],
    ),
    (
        "            ExpirationInDays: 60\n            NoncurrentVersionExpiration: { NoncurrentDays: 1 }\n",
        "            ExpirationInDays: 60\n            NoncurrentVersionExpiration: { NoncurrentDays: 1 }\n          - { Id: old, Status: Enabled, Prefix: data/, NoncurrentVersionExpiration: { NoncurrentDays: 1 } }\n          - Id: aborted\n            Status: Enabled\n            Prefix: shards/\n",
        &[
            "Bucket.LifecycleConfiguration: old versions under “data/” expire; nothing but work/ may",
        ],
    ),
    (
        "            Status: Enabled\n            Prefix: work/",
        "            Status: Disabled\n            Prefix: work/",
        &["Bucket.LifecycleConfiguration: work/ must expire"],
    ),
    (
        "PointInTimeRecoveryEnabled: true",
        "PointInTimeRecoveryEnabled: false",
        &["Table.PointInTimeRecoverySpecification: point-in-time recovery must be on"],
    ),
    (
        "      DeletionProtectionEnabled: true\n",
        "",
        &["Table.DeletionProtectionEnabled: everything that is known stands in this table"],
    ),
    (
        "{ AttributeName: expires, Enabled: true }",
        "{ AttributeName: expires, Enabled: false }",
        &["Table.TimeToLiveSpecification: items may be forgotten by the attribute expires"],
    ),
    (
        "{ AttributeName: expires, Enabled: true }",
        "{ AttributeName: expire, Enabled: true }",
        &["Table.TimeToLiveSpecification: items may be forgotten by the attribute expires"],
    ),
    (
        "      SqsManagedSseEnabled: true\n",
        "      SqsManagedSseEnabled: false\n",
        &["IngestDeadLetters.SqsManagedSseEnabled: what lies in the queue must be encrypted"],
    ),
    (
        "      MessageRetentionPeriod: 1209600\n",
        "",
        &[
            "IngestDeadLetters.MessageRetentionPeriod: messages are kept for 345600 s; SQS can keep them for 1209600",
        ],
    ),
    (
        "EventBridgeEnabled: true",
        "EventBridgeEnabled: false",
        &["Bucket.NotificationConfiguration: the bucket must tell EventBridge of its objects"],
    ),
];

#[test]
fn a_loss_of_what_protects_the_data_is_named() {
    each_is_refused(&LOSSES);
}
