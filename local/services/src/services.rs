//! The services as one: takes requests, moves time on, hands out events.

use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    ServiceName, bedrock,
    clock::Clock,
    error::AwsError,
    events::PendingEvent,
    faults::{Faults, LostAnswer},
    form,
    knowledge::Knowledge,
    learners::Learners,
    lock::lock,
    objects::ObjectAccess,
    operation::{Call, Route},
    runtime::{self, Throttle},
    sagemaker,
    settings::{Pace, Settings},
    ssm,
    store::{Store, StoreError},
    wire::{self, Protocol, Routed},
};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The access key id of the request's signature.
    pub access_key: String,
    /// The function that the key belongs to, if it is one's.
    pub function: Option<String>,
}

/// A resource that is there, as whoever decides on permissions looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// What a call was and came to, for the trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The operation's name, such as `CreateModelCustomizationJob`; `Unknown` if the request could not be read.
    pub operation: &'static str,
    /// The request's parameters: body, path and query as one object.
    pub request_parameters: Value,
    /// The answer's members; `null` after an error.
    pub response_elements: Value,
    /// The error code that the call was refused with.
    pub error_code: Option<String>,
    /// The message of that error.
    pub error_message: Option<String>,
}

/// A response, and what the call came to.
#[derive(Debug)]
pub struct Answered {
    /// What goes back to the caller; with [`LostAnswer`] in its extensions if it should not arrive.
    pub response: Response<Bytes>,
    /// What happened.
    pub outcome: Outcome,
}

/// The services could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made.
    #[error("the folder {path} cannot be made: {source}; choose another one or free it")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error("{0}")]
    Database(String),
}

/// Time could not be moved on; it is tried again by the next tick.
#[derive(Debug, thiserror::Error)]
#[error("the simulated jobs could not be moved on: {0}")]
pub struct TickError(String);

/// It cannot be told whether something is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {kind} {identifier} could not be looked up: {message}")]
pub struct LookError {
    kind: String,
    identifier: String,
    message: String,
}

/// The simulated services of one account.
#[derive(Debug)]
pub struct Services {
    store: Store,
    objects: Arc<dyn ObjectAccess>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    settings: Mutex<Settings>,
    faults: Mutex<Faults>,
    learners: Learners,
    knowledge: Knowledge,
    throttle: Mutex<Throttle>,
    /// The events that this process has given to its caller and that were not acknowledged yet.
    handed_out: Mutex<BTreeSet<String>>,
}

/// The service's refusal of what it cannot read; nothing happens.
pub(crate) fn unread(
    protocol: Protocol,
    request: &Request<Bytes>,
    request_id: &str,
    error: AwsError,
) -> Answered {
    let outcome = Outcome {
        operation: "Unknown",
        request_parameters: json!({ "method": request.method().as_str(), "path": request.uri().path() }),
        response_elements: Value::Null,
        error_code: Some(error.code.clone()),
        error_message: Some(error.message.clone()),
    };
    Answered {
        response: wire::response(protocol, 400, request_id, &Err(error)),
        outcome,
    }
}

impl Services {
    /// Opens the services whose state is in `dir`, or begins with none.
    ///
    /// # Errors
    /// If the folder or the database in it cannot be opened.
    pub fn open(
        dir: &Path,
        objects: Arc<dyn ObjectAccess>,
        pace: Pace,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let learners = dir.join("learners");
        std::fs::create_dir_all(&learners).map_err(|source| OpenError::Folder {
            path: learners.display().to_string(),
            source,
        })?;
        let store = Store::open(&dir.join("services.sqlite"))
            .map_err(|error| OpenError::Database(error.to_string()))?;
        Ok(Self {
            store,
            objects,
            clock,
            pace,
            settings: Mutex::default(),
            faults: Mutex::default(),
            learners: Learners::in_folder(learners),
            knowledge: Knowledge::default(),
            throttle: Mutex::default(),
            handed_out: Mutex::default(),
        })
    }

    /// Foundation models know what stands in this folder: `<model id>.jsonl`, records or documents as training jobs take them.
    /// The files may come and change at any time.
    #[must_use]
    pub fn with_knowledge(self, folder: std::path::PathBuf) -> Self {
        Self {
            knowledge: Knowledge::in_folder(folder),
            ..self
        }
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// Changes region, quotas and lag from now on.
    pub fn configure(&self, settings: Settings) {
        *lock(&self.settings) = settings;
    }

    /// The faults still to come.
    #[must_use]
    pub fn faults(&self) -> Faults {
        lock(&self.faults).clone()
    }

    /// Plants faults in place of those still to come.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.faults) = faults;
    }

    /// The resource of a kind, as ARNs word it (`custom-model`, `parameter`, …), that a name or an ARN stands for; `None` if
    /// there is none. It blocks on the disk.
    ///
    /// # Errors
    /// If the state on disk cannot be read: then it is not known whether there is one.
    pub fn described(&self, kind: &str, identifier: &str) -> Result<Option<Described>, LookError> {
        let nobody = Caller {
            access_key: String::new(),
            function: None,
        };
        let found: Result<_, AwsError> = self.in_call(&nobody, self.now(), |call| match kind {
            "parameter" => ssm::described(identifier, call),
            "training-job" => sagemaker::described(identifier, call),
            _ => bedrock::described(kind, identifier, call),
        });
        match found {
            Ok(found) => Ok(found),
            Err(error) if error.status >= 500 => Err(LookError {
                kind: kind.to_owned(),
                identifier: identifier.to_owned(),
                message: error.message,
            }),
            // What is no name of anything names nothing.
            Err(_) => Ok(None),
        }
    }

    /// Performs one request. It blocks (on the disk, on [`ObjectAccess`]), for milliseconds as a rule.
    pub fn handle(
        &self,
        service: ServiceName,
        caller: &Caller,
        request: &Request<Bytes>,
    ) -> Answered {
        let (protocol, routed) = service.read(request);
        let request_id = self.store.transaction(|tx| tx.uuid()).unwrap_or_default();
        let routed = match routed {
            Ok(routed) => routed,
            Err(error) => return unread(protocol, request, &request_id, error),
        };
        let Routed { route, parameters } = routed;
        let now = self.now();
        let (answer, lost) = {
            let mut faults = lock(&self.faults);
            match faults.refusal(route.name) {
                Some(refusal) => (Err(refusal), false),
                None => {
                    let lost = faults.loses_answer(route.name);
                    drop(faults);
                    (self.perform(service, caller, route, &parameters, now), lost)
                }
            }
        };
        if service == ServiceName::BedrockRuntime {
            self.count_use(&parameters, &answer, now);
        }
        let mut response = wire::response(protocol, route.status, &request_id, &answer);
        if lost {
            let error = Err(AwsError::new(
                "InternalServerException",
                "The answer was lost.",
            ));
            response = wire::response(protocol, 500, &request_id, &error);
            response.extensions_mut().insert(LostAnswer);
        }
        let (response_elements, error) = match answer {
            Ok(answer) => (answer, None),
            Err(error) => (Value::Null, Some(error)),
        };
        let outcome = Outcome {
            operation: route.name,
            request_parameters: parameters,
            response_elements,
            error_code: error.as_ref().map(|error| error.code.clone()),
            error_message: error.map(|error| error.message),
        };
        Answered { response, outcome }
    }

    fn perform(
        &self,
        service: ServiceName,
        caller: &Caller,
        route: Route,
        parameters: &Value,
        now: Timestamp,
    ) -> Result<Value, AwsError> {
        form::check(service.client_name(), route.name, parameters)?;
        if service == ServiceName::BedrockRuntime {
            lock(&self.throttle).admit(parameters, &lock(&self.settings).quotas, now)?;
        }
        self.in_call(caller, now, |call| {
            (route.perform)(parameters.clone(), call)
        })
    }

    fn in_call<T, E: From<StoreError>>(
        &self,
        caller: &Caller,
        now: Timestamp,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let settings = self.settings();
        self.store.transaction(|tx| {
            let mut faults = lock(&self.faults);
            work(&mut Call {
                tx,
                now,
                caller,
                pace: self.pace,
                settings: &settings,
                faults: &mut faults,
                objects: self.objects.as_ref(),
                learners: &self.learners,
                knowledge: &self.knowledge,
            })
        })
    }

    /// Counts a call of a model, whatever came of it. A count that cannot be written is not worth a failed call.
    fn count_use(&self, parameters: &Value, answer: &Result<Value, AwsError>, now: Timestamp) {
        let Some(model) = parameters["modelId"].as_str() else {
            return;
        };
        let metric = runtime::metric_of(answer.as_ref().err());
        let minute = now.as_second().div_euclid(60);
        let _ = self.store.transaction(|tx| tx.count(metric, model, minute));
    }

    /// Moves every job, deployment and deletion on to the clock's time, and gives the events to deliver: those that this
    /// caused, those of `PutEvents`, and those that an earlier process left undelivered. Each is stored until it is
    /// acknowledged, and is given once in the life of this process.
    ///
    /// # Errors
    /// If the state on disk cannot be read or written; nothing has moved then.
    pub fn tick(&self) -> Result<Vec<Value>, TickError> {
        let nobody = Caller {
            access_key: String::new(),
            function: None,
        };
        let moved = self.in_call(&nobody, self.now(), |call| {
            bedrock::advance(call)?;
            sagemaker::advance(call)
        });
        moved.map_err(|error: AwsError| TickError(error.message))?;
        self.take_events()
    }

    /// The events to deliver, without moving time: to be called after a `PutEvents`.
    ///
    /// # Errors
    /// If the state on disk cannot be read.
    pub fn take_events(&self) -> Result<Vec<Value>, TickError> {
        let mut handed_out = lock(&self.handed_out);
        let pending = self.store.transaction(|tx| tx.all::<PendingEvent>());
        let pending = pending.map_err(|error| TickError(error.to_string()))?;
        Ok(pending
            .into_iter()
            .filter(|event| handed_out.insert(event.id.clone()))
            .map(|event| event.event)
            .collect())
    }

    /// Forgets events that were delivered, by their `id` members. An unknown id is ignored.
    ///
    /// # Errors
    /// If the state on disk cannot be written; they may then be delivered again after a restart.
    pub fn acknowledge<I: AsRef<str>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<(), TickError> {
        let ids: Vec<String> = ids.into_iter().map(|id| id.as_ref().to_owned()).collect();
        let deleted = self.store.transaction(|tx| {
            ids.iter()
                .try_for_each(|id| tx.delete::<PendingEvent>(id).map(|_| ()))
        });
        deleted.map_err(|error: StoreError| TickError(error.to_string()))?;
        let mut handed_out = lock(&self.handed_out);
        ids.iter().for_each(|id| {
            handed_out.remove(id);
        });
        Ok(())
    }

    /// The time to the millisecond, as AWS's answers carry it.
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
