//! Faults for tests: which calls fail next, which take effect but lose their answer, and how often each was called.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use super::lock;
use crate::{ErrorKind, PortError};

/// The operations by the names that [`PortError::operation`] uses: the service's IAM prefix and the API's operation.
pub mod operation {
    /// `Table::get`.
    pub const GET_ITEM: &str = "dynamodb:GetItem";
    /// `Table::query` and `Table::due`.
    pub const QUERY: &str = "dynamodb:Query";
    /// `Table::transact`.
    pub const TRANSACT: &str = "dynamodb:TransactWriteItems";
    /// `ReadObjects::head`.
    pub const HEAD_OBJECT: &str = "s3:HeadObject";
    /// `ReadObjects::open`.
    pub const GET_OBJECT: &str = "s3:GetObject";
    /// `ReadObjects::list`.
    pub const LIST_OBJECTS: &str = "s3:ListObjectVersions";
    /// `WriteObjects::put`, and `ObjectSink::finish` of less than 5 MiB.
    pub const PUT_OBJECT: &str = "s3:PutObject";
    /// `ObjectSink::copy`.
    pub const COPY_PART: &str = "s3:UploadPartCopy";
    /// `ObjectSink::finish` of 5 MiB and more, or with a copy.
    pub const COMPLETE_UPLOAD: &str = "s3:CompleteMultipartUpload";
    /// `StartTraining::start_training`.
    pub const CREATE_TRAINING: &str = "bedrock:CreateModelCustomizationJob";
    /// `ObserveTraining::find_training`.
    pub const GET_TRAINING: &str = "bedrock:GetModelCustomizationJob";
    /// `StopTraining::stop_training`.
    pub const STOP_TRAINING: &str = "bedrock:StopModelCustomizationJob";
    /// `StartContainers::start_container` and `StartServerless::start_serverless`.
    pub const CREATE_CONTAINER: &str = "sagemaker:CreateTrainingJob";
    /// `ObserveContainers::find_container`.
    pub const GET_CONTAINER: &str = "sagemaker:DescribeTrainingJob";
    /// `StopContainers::stop_container`.
    pub const STOP_CONTAINER: &str = "sagemaker:StopTrainingJob";
    /// `StartImports::start_import`.
    pub const CREATE_IMPORT: &str = "bedrock:CreateModelImportJob";
    /// `ObserveImports::find_import`.
    pub const GET_IMPORT: &str = "bedrock:GetModelImportJob";
    /// `ObserveImports::imported_models`.
    pub const LIST_IMPORTED: &str = "bedrock:ListImportedModels";
    /// `RegisterModels::register_model`; what looks is `GET_MODEL`.
    pub const CREATE_MODEL: &str = "bedrock:CreateCustomModel";
    /// `ObserveModels::get_model` of an imported model.
    pub const GET_IMPORTED: &str = "bedrock:GetImportedModel";
    /// `DeleteModels::delete_model` of an imported model.
    pub const DELETE_IMPORTED: &str = "bedrock:DeleteImportedModel";
    /// `ObserveModels::get_model` and `ObserveRegistrations::find_registration`.
    pub const GET_MODEL: &str = "bedrock:GetCustomModel";
    /// `ObserveModels::list_models`.
    pub const LIST_MODELS: &str = "bedrock:ListCustomModels";
    /// `DeleteModels::delete_model`.
    pub const DELETE_MODEL: &str = "bedrock:DeleteCustomModel";
    /// `ChangeDeployments::create_deployment`.
    pub const CREATE_DEPLOYMENT: &str = "bedrock:CreateCustomModelDeployment";
    /// `ObserveDeployments::get_deployment` and `find_deployment`.
    pub const GET_DEPLOYMENT: &str = "bedrock:GetCustomModelDeployment";
    /// `ObserveDeployments::deployments_of`.
    pub const LIST_DEPLOYMENTS: &str = "bedrock:ListCustomModelDeployments";
    /// `ChangeDeployments::update_deployment`.
    pub const UPDATE_DEPLOYMENT: &str = "bedrock:UpdateCustomModelDeployment";
    /// `ChangeDeployments::delete_deployment`.
    pub const DELETE_DEPLOYMENT: &str = "bedrock:DeleteCustomModelDeployment";
    /// `ChangeDeployments::create_deployment` of provisioned throughput.
    pub const CREATE_THROUGHPUT: &str = "bedrock:CreateProvisionedModelThroughput";
    /// `ObserveDeployments::get_deployment` of provisioned throughput, and `find_throughput`.
    pub const GET_THROUGHPUT: &str = "bedrock:GetProvisionedModelThroughput";
    /// `ChangeDeployments::update_deployment` of provisioned throughput.
    pub const UPDATE_THROUGHPUT: &str = "bedrock:UpdateProvisionedModelThroughput";
    /// `ChangeDeployments::delete_deployment` of provisioned throughput.
    pub const DELETE_THROUGHPUT: &str = "bedrock:DeleteProvisionedModelThroughput";
    /// `StartBatch::start_batch`.
    pub const CREATE_BATCH: &str = "bedrock:CreateModelInvocationJob";
    /// `ObserveBatch::find_batch`.
    pub const LIST_BATCHES: &str = "bedrock:ListModelInvocationJobs";
    /// `StopBatch::stop_batch`.
    pub const STOP_BATCH: &str = "bedrock:StopModelInvocationJob";
    /// `Ask::ask`.
    pub const CONVERSE: &str = "bedrock:Converse";
    /// `ReadAlias::read_alias`.
    pub const GET_PARAMETER: &str = "ssm:GetParameter";
    /// `WriteAlias::write_alias`.
    pub const PUT_PARAMETER: &str = "ssm:PutParameter";
    /// `WatchUse::uses`.
    pub const GET_METRICS: &str = "cloudwatch:GetMetricData";
    /// `Announce::announce`.
    pub const PUT_EVENTS: &str = "events:PutEvents";
}

/// What fails next, and how often each operation was called.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    planned: BTreeMap<String, VecDeque<Fault>>,
    calls: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Fail(ErrorKind),
    LoseAnswer,
}

impl Faults {
    /// The next `n` calls of `operation` (a name of [`operation`]) fail so and have no effect. Plans for one operation
    /// are carried out in the order in which they were made.
    pub fn fail_next(&self, operation: &str, kind: ErrorKind, n: usize) {
        self.plan(operation, Fault::Fail(kind), n);
    }

    /// The next `n` calls of `operation` are carried out, but the caller gets `Unanswered`.
    pub fn lose_answer_next(&self, operation: &str, n: usize) {
        self.plan(operation, Fault::LoseAnswer, n);
    }

    /// Forgets every planned fault; the counters stay.
    pub fn heal(&self) {
        lock(&self.state).planned.clear();
    }

    /// How often `operation` was called, failed calls included.
    pub fn calls(&self, operation: &str) -> u64 {
        lock(&self.state).calls.get(operation).copied().unwrap_or(0)
    }

    /// Every operation that was called, with its count.
    pub fn all_calls(&self) -> BTreeMap<String, u64> {
        lock(&self.state).calls.clone()
    }

    fn plan(&self, operation: &str, fault: Fault, n: usize) {
        lock(&self.state)
            .planned
            .entry(operation.to_owned())
            .or_default()
            .extend(std::iter::repeat_n(fault, n));
    }

    /// Counts the call and carries it out, unless a fault is planned.
    pub(crate) fn call<T, E: From<PortError>>(
        &self,
        operation: &str,
        act: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let fault = {
            let mut state = lock(&self.state);
            match state.calls.get_mut(operation) {
                Some(count) => *count += 1,
                None => {
                    state.calls.insert(operation.to_owned(), 1);
                }
            }
            state
                .planned
                .get_mut(operation)
                .and_then(VecDeque::pop_front)
        };
        match fault {
            None => act(),
            Some(Fault::Fail(kind)) => Err(PortError::new(
                operation,
                kind,
                format!("a planned fault ({kind:?}): nothing was done"),
            )
            .into()),
            Some(Fault::LoseAnswer) => {
                let _lost = act();
                Err(PortError::new(
                    operation,
                    ErrorKind::Unanswered,
                    "a planned fault: the call was carried out and its answer lost",
                )
                .into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PortResult;

    #[test]
    fn plans_are_carried_out_in_order_and_calls_are_counted() {
        let faults = Faults::default();
        let mut done = 0;
        faults.fail_next("s3:GetObject", ErrorKind::Throttled, 2);
        faults.lose_answer_next("s3:GetObject", 1);
        let mut kinds = Vec::new();
        for _ in 0..4 {
            let answer: PortResult<()> = faults.call("s3:GetObject", || {
                done += 1;
                Ok(())
            });
            kinds.push(answer.err().map(|error| error.kind));
        }
        assert_eq!(
            kinds,
            [
                Some(ErrorKind::Throttled),
                Some(ErrorKind::Throttled),
                Some(ErrorKind::Unanswered),
                None
            ]
        );
        assert_eq!((done, faults.calls("s3:GetObject")), (2, 4));
        assert_eq!(faults.calls("s3:HeadObject"), 0);
        faults.fail_next("s3:GetObject", ErrorKind::Denied, 9);
        faults.heal();
        assert_eq!(faults.call::<_, PortError>("s3:GetObject", || Ok(1)), Ok(1));
    }
}
