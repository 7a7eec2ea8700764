//! Asking a model what has not been asked yet: a few questions at a time, kept chunk by chunk, until the time is up.

use std::collections::BTreeSet;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt};
use perennial_core::run::Event;
use perennial_dataset::EvalRecord;
use perennial_engine::kept::{self, KeptAnswer, question, question_digest};
use perennial_engine::{EngineError, Invocation};
use perennial_ports::{ErrorKind, ObserveDeployments, PortError};

use crate::Ports;

/// Questions asked at once. The service's own quota slows this down by throttling.
const AT_ONCE: usize = 8;
/// Answers kept together: at most so many are asked again after a crash.
const CHUNK: usize = 64;

/// How far asking came.
pub(crate) enum Asked {
    /// Every question has its answer, or a reason why it never will.
    All,
    /// The invocation's time is up.
    TimeIsUp {
        /// Still to ask.
        left: usize,
    },
    /// The service asks for patience, or gave no answer.
    Slower {
        /// Still to ask.
        left: usize,
        error: PortError,
    },
    /// What was to be asked is not there.
    Gone(PortError),
}

impl Asked {
    /// As the run's event. `who` is asked, for the notes; `gone` is what it means that there is nobody to ask.
    pub(crate) fn event(
        self,
        ports: &Ports,
        who: &str,
        of: usize,
        all: Event,
        gone: impl FnOnce(PortError) -> Event,
    ) -> Event {
        match self {
            Self::All => all,
            Self::TimeIsUp { left } => Event::Later {
                at: ports.desk.now(),
                note: Some(format!(
                    "{left} of {of} prompts are still to be asked of {who}"
                )),
            },
            Self::Slower { left, error } => Event::Later {
                at: ports.desk.next_look(),
                note: Some(format!(
                    "{left} of {of} prompts are still to be asked of {who}: {error}"
                )),
            },
            Self::Gone(error) => gone(error),
        }
    }
}

/// Who is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whom<'a> {
    /// A model of the service, by its id.
    Model(&'a str),
    /// A deployment, by its ARN.
    Deployment(&'a str),
}

impl Whom<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Model(id) | Self::Deployment(id) => id,
        }
    }

    /// Whether a refusal says that who is asked is not there. The role may ask what bears this installation's tag, and what is
    /// gone bears none: so a denial is looked into.
    async fn is_gone(
        &self,
        deployments: &dyn ObserveDeployments,
        refusal: &PortError,
    ) -> Result<bool, PortError> {
        let Self::Deployment(arn) = self else {
            return Ok(refusal.kind == ErrorKind::NotFound);
        };
        match refusal.kind {
            ErrorKind::NotFound => Ok(true),
            ErrorKind::Denied => match deployments.get_deployment(arn).await {
                Ok(found) => Ok(found.is_none()),
                Err(failed) => Err(refusal.clone().unseen(&failed)),
            },
            _ => Ok(false),
        }
    }
}

/// Asks every question that has no kept answer under `prefix`.
pub(crate) async fn missing(
    ports: &Ports,
    whom: Whom<'_>,
    prefix: &str,
    records: &[EvalRecord],
    invocation: &Invocation,
) -> Result<Asked, EngineError> {
    let answers = kept::load(ports.read.as_ref(), prefix).await?;
    let mut seen = BTreeSet::new();
    let open: Vec<&EvalRecord> = records
        .iter()
        .filter(|record| {
            let digest = question_digest(&record.prompt);
            !answers.contains_key(&digest) && seen.insert(digest)
        })
        .collect();
    let mut left = open.len();
    for chunk in open.chunks(CHUNK) {
        if ports.desk.now() >= invocation.stop_at() {
            return Ok(Asked::TimeIsUp { left });
        }
        let questions: Vec<BoxFuture<'_, Result<KeptAnswer, PortError>>> = chunk
            .iter()
            .map(|record| one(ports, whom.id(), &record.prompt).boxed())
            .collect();
        let asked: Vec<Result<KeptAnswer, PortError>> =
            stream::iter(questions).buffered(AT_ONCE).collect().await;
        let mut fresh = Vec::new();
        let mut trouble = None;
        for answer in asked {
            match answer {
                Ok(answer) => fresh.push(answer),
                Err(error) => trouble = Some(error),
            }
        }
        left -= fresh.len();
        kept::keep(ports.write.as_ref(), prefix, &fresh).await?;
        match trouble {
            Some(error) if whom.is_gone(ports.deployments.as_ref(), &error).await? => {
                return Ok(Asked::Gone(error));
            }
            Some(error) if error.kind.is_transient() || error.kind == ErrorKind::Conflict => {
                return Ok(Asked::Slower { left, error });
            }
            Some(error) => return Err(error.into()),
            None => {}
        }
    }
    Ok(Asked::All)
}

async fn one(ports: &Ports, model_id: &str, prompt: &str) -> Result<KeptAnswer, PortError> {
    let digest = question_digest(prompt);
    match ports.ask.ask(model_id, &question(prompt)).await {
        Ok(answer) => Ok(KeptAnswer {
            question: digest,
            answer: Some(answer.text),
            note: None,
        }),
        Err(error) if error.kind == ErrorKind::Invalid => Ok(KeptAnswer {
            question: digest,
            answer: None,
            note: Some(error.to_string()),
        }),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use jiff::SignedDuration;
    use perennial_core::names::Installation;
    use perennial_core::span::Span;
    use perennial_engine::{Desk, Settings};
    use perennial_ports::memory::{MemoryCloud, operation};
    use perennial_ports::{
        Answer, Ask, ChangeDeployments, Clock as _, DeploymentSpec, PortResult, Question, Tags,
    };

    use super::*;

    fn now<T>(call: impl Future<Output = T>) -> T {
        call.now_or_never().expect("nothing waits in memory")
    }

    #[test]
    fn a_denial_says_that_a_deployment_is_gone_only_if_it_is() {
        let cloud = MemoryCloud::new(1, |_, _| String::new());
        let bedrock = &cloud.bedrock;
        let spec = DeploymentSpec {
            buy: None,
            name: "serves".into(),
            token: "serves".into(),
            model_arn: bedrock.add_model("m", "amazon.nova-micro-v1:0:128k", "x", Tags::new()),
            description: "serves".into(),
            tags: Tags::new(),
        };
        let arn = now(bedrock.create_deployment(&spec)).expect("made");
        let refusal = |kind| PortError::new("bedrock:Converse", kind, "refused");
        let denied = refusal(ErrorKind::Denied);

        let whom = Whom::Deployment(&arn);
        let there = whom.is_gone(bedrock.as_ref(), &denied);
        assert_eq!(now(there), Ok(false), "a denial stays one");
        cloud.fail_next(operation::GET_DEPLOYMENT, ErrorKind::Throttled, 1);
        let unseen = whom.is_gone(bedrock.as_ref(), &denied);
        let unseen = now(unseen).expect_err("nobody knows");
        assert_eq!(unseen.kind, ErrorKind::Throttled);
        assert!(unseen.message.starts_with("refused"), "{unseen}");

        assert!(bedrock.remove_deployment(&arn));
        let gone = whom.is_gone(bedrock.as_ref(), &denied);
        assert_eq!(now(gone), Ok(true));
        let model = Whom::Model("amazon.nova-micro-v1:0");
        let no = model.is_gone(bedrock.as_ref(), &denied);
        assert_eq!(
            now(no),
            Ok(false),
            "a model of the service is never gone by a denial"
        );
        let missing = refusal(ErrorKind::NotFound);
        let yes = model.is_gone(bedrock.as_ref(), &missing);
        assert_eq!(now(yes), Ok(true));
    }

    /// A model that takes its time.
    struct Slow(MemoryCloud);

    #[async_trait]
    impl Ask for Slow {
        async fn ask(&self, model_id: &str, question: &Question) -> PortResult<Answer> {
            let took = SignedDuration::from_millis(100);
            self.0.clock.advance(took);
            self.0.bedrock.ask(model_id, question).await
        }
    }

    fn ports(cloud: &MemoryCloud) -> Ports {
        let bedrock = &cloud.bedrock;
        Ports {
            desk: Desk {
                settings: Settings {
                    installation: Installation::parse("test").expect("valid"),
                    region: "us-east-1".into(),
                    poll: Span(60),
                    imported_models: 0,
                },
                table: cloud.table.clone(),
                announce: cloud.announce.clone(),
                clock: cloud.clock.clone(),
            },
            read: cloud.objects.clone(),
            write: cloud.objects.clone(),
            training: bedrock.clone(),
            stop: bedrock.clone(),
            containers: bedrock.clone(),
            stop_containers: bedrock.clone(),
            deployments: bedrock.clone(),
            deploy: bedrock.clone(),
            batch: bedrock.clone(),
            start_batch: bedrock.clone(),
            ask: Arc::new(Slow(cloud.clone())),
        }
    }

    #[test]
    fn asking_stops_at_half_of_a_short_time_and_the_next_invocation_asks_the_rest() {
        let cloud = MemoryCloud::new(1, |_, _| "an answer".into());
        let ports = ports(&cloud);
        let prompt = |n| format!("question {n}");
        let records: Vec<EvalRecord> = (0..300)
            .map(|n| EvalRecord {
                prompt: prompt(n),
                reference_response: String::new(),
                category: None,
            })
            .collect();
        let whom = Whom::Model("amazon.nova-micro-v1:0");
        let began = cloud.clock.now();
        let short = |now| Invocation::new("i", now + SignedDuration::from_secs(30), now);
        let first = short(began);
        let asked = missing(&ports, whom, "answers/p/", &records, &first);
        let asked = now(asked).expect("asked");
        // A chunk takes 6.4 seconds; the third begins after 12.8 of 30.
        assert!(matches!(asked, Asked::TimeIsUp { left } if left == 300 - 3 * CHUNK));
        let took = cloud.clock.now().duration_since(began);
        assert_eq!(took, SignedDuration::from_millis(19_200));

        let again = short(cloud.clock.now());
        let asked = missing(&ports, whom, "answers/p/", &records, &again);
        assert!(matches!(now(asked).expect("asked"), Asked::All));
        let took = cloud.clock.now().duration_since(began);
        assert_eq!(took, SignedDuration::from_secs(30), "each is asked once");
    }
}
