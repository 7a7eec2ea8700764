//! The request of `CreateTrainingJob`, with every member that is simulated and no other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tags::Tag;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CreateTrainingJob {
    pub(super) training_job_name: String,
    #[serde(default)]
    pub(super) hyper_parameters: BTreeMap<String, String>,
    pub(super) algorithm_specification: Option<AlgorithmSpecification>,
    pub(super) role_arn: String,
    #[serde(default)]
    pub(super) input_data_config: Vec<Channel>,
    pub(super) output_data_config: OutputDataConfig,
    pub(super) resource_config: Option<ResourceConfig>,
    pub(super) vpc_config: Option<VpcConfig>,
    pub(super) stopping_condition: Option<StoppingCondition>,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    #[serde(default)]
    pub(super) enable_network_isolation: bool,
    #[serde(default)]
    pub(super) enable_inter_container_traffic_encryption: bool,
    #[serde(default)]
    pub(super) enable_managed_spot_training: bool,
    pub(super) checkpoint_config: Option<CheckpointConfig>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    pub(super) retry_strategy: Option<RetryStrategy>,
    pub(super) serverless_job_config: Option<ServerlessJobConfig>,
    pub(super) model_package_config: Option<ModelPackageConfig>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AlgorithmSpecification {
    pub(super) training_image: Option<String>,
    pub(super) training_input_mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enable_sage_maker_metrics_time_series: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container_entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) container_arguments: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Channel {
    pub(super) channel_name: String,
    pub(super) data_source: DataSource,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compression_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record_wrapper_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_mode: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DataSource {
    #[serde(rename = "S3DataSource")]
    pub(super) s3: Option<S3DataSource>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct S3DataSource {
    pub(super) s3_data_type: String,
    pub(super) s3_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) s3_data_distribution_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_access_config: Option<ModelAccessConfig>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModelAccessConfig {
    pub(super) accept_eula: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct OutputDataConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kms_key_id: Option<String>,
    pub(super) s3_output_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compression_type: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ResourceConfig {
    pub(super) instance_type: Option<String>,
    pub(super) instance_count: Option<i64>,
    #[serde(rename = "VolumeSizeInGB")]
    pub(super) volume_size_in_gb: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) volume_kms_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keep_alive_period_in_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) training_plan_arn: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct VpcConfig {
    pub(super) security_group_ids: Vec<String>,
    pub(super) subnets: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct StoppingCondition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_runtime_in_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_wait_time_in_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_pending_time_in_seconds: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct CheckpointConfig {
    pub(super) s3_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) local_path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RetryStrategy {
    pub(super) maximum_retry_attempts: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ServerlessJobConfig {
    pub(super) base_model_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accept_eula: Option<bool>,
    pub(super) job_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customization_technique: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peft: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence_length: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ModelPackageConfig {
    pub(super) model_package_group_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_model_package_arn: Option<String>,
}
