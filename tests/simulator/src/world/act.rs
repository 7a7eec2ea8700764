//! People's acts, carried out.

use perennial_core::announcement::Request;
use perennial_core::names::{Purpose, ResourceName, RunId};
use perennial_ports::memory::{Outcome, Work};
use perennial_ports::{
    ChangeDeployments, DeploymentSpec, StopContainers, StopTraining, Tags, TrainingStatus,
};

use super::World;
use crate::data;
use crate::people::{Act, DOCUMENTS, Provisioned, TrainsOn, Wish};
use crate::weather::bad_end;

/// Somebody has so many deployments at most; the account's quota is ten.
const MOST_OF_THEIRS: usize = 6;

impl World {
    fn key(&self, name: u8) -> String {
        if self.holds_documents(name) {
            return format!("data/{}/documents/file{name}.jsonl", self.pipeline);
        }
        format!("data/{}/file{name}.jsonl", self.pipeline)
    }

    fn holds_documents(&self, name: u8) -> bool {
        self.on == TrainsOn::Chain && name == DOCUMENTS
    }

    fn new_file(&mut self) -> u64 {
        self.files += 1;
        self.files
    }

    pub(super) fn act(&mut self, act: Act) {
        self.note(|| format!("a person: {act:?}"));
        if self.chance(self.weather.bad_ends) {
            let work = [Work::Training, Work::Batch, Work::Deployment, Work::Update];
            let work = work[self.rng.usize(0..work.len())];
            let end = bad_end(&mut self.rng, work);
            self.note(|| format!("at AWS: the next {work:?} will be {end:?}"));
            self.hangs |= end == Outcome::Hangs;
            self.cloud.bedrock.plan_next(work, end, 1);
        }
        let objects = self.cloud.objects.clone();
        let configuration = format!("pipelines/{}.toml", self.pipeline);
        match act {
            Act::Configure(mut settings) => {
                // What is done right when something has changed was drawn without the world's choice.
                if matches!(self.on, TrainsOn::Chain | TrainsOn::Preferences) {
                    settings.on = self.on;
                }
                objects.upload(&configuration, settings.toml());
            }
            Act::Misconfigure => {
                objects.upload(&configuration, "technique = \"fine-tunning\"\n");
            }
            Act::Unconfigure => {
                objects.delete(&configuration);
            }
            Act::Upload {
                name,
                first,
                records,
                good,
            } => {
                let file = self.new_file();
                // A model that is served by provisioned throughput only takes a hundred records and more.
                let times = match self.provisioned {
                    Some(Provisioned::Only) => 9,
                    _ => 1,
                };
                let records = usize::from(records) * times;
                let body = match self.holds_documents(name) {
                    true => data::document(file),
                    false if self.on == TrainsOn::Preferences => {
                        data::preferences(file, first.into(), records, good)
                    }
                    false => data::training(file, first.into(), records, good),
                };
                objects.upload(&self.key(name), body);
            }
            Act::UploadAgain { name } => {
                if let Some(body) = objects.read(&self.key(name)) {
                    objects.upload(&self.key(name), body);
                }
            }
            Act::UploadBroken { name } => {
                let file = self.new_file();
                objects.upload(&self.key(name), data::broken(file));
            }
            Act::UploadQuestions => {
                let file = self.new_file();
                let key = format!("eval/{}/questions.jsonl", self.pipeline);
                objects.upload(&key, data::evaluation(file));
            }
            Act::Delete { name } => {
                objects.delete(&self.key(name));
            }
            Act::Ask(wish) => self.ask(wish),
            Act::CallChampion => {
                if let Some(deployment) = self.typed_pipeline().and_then(|p| p.deployment) {
                    self.call(&deployment);
                }
            }
            Act::CallAll => {
                for deployment in self.cloud.bedrock.deployments() {
                    self.call(&deployment.arn);
                }
            }
            Act::DeployOurModel => self.deploy_ours(),
            Act::MakeAModel => {
                let file = self.new_file();
                let name = format!("other-{file}");
                let model = "amazon.nova-micro-v1:0:128k";
                self.cloud.bedrock.add_model(&name, model, "x", Tags::new());
            }
            Act::DeleteModel => {
                let models = self.cloud.bedrock.models();
                if !models.is_empty() {
                    let arn = &models[self.rng.usize(0..models.len())].arn;
                    self.cloud.bedrock.remove_model(arn);
                }
            }
            Act::StopJob => {
                for known in self.cloud.bedrock.training_jobs() {
                    if known.job.status == TrainingStatus::InProgress {
                        let stop = self.cloud.bedrock.stop_training(&known.job.name);
                        let _ = futures::FutureExt::now_or_never(stop);
                    }
                }
                for known in self.cloud.bedrock.container_jobs() {
                    if known.job.status == TrainingStatus::InProgress {
                        let stop = self.cloud.bedrock.stop_container(&known.job.name);
                        let _ = futures::FutureExt::now_or_never(stop);
                    }
                }
            }
            Act::DeleteWeights => {
                let work = objects.keys(&format!("work/{}/", self.pipeline));
                for key in work.iter().filter(|key| key.contains("/pretraining-")) {
                    objects.delete(key);
                }
            }
            Act::DeleteChampion => {
                if let Some(pipeline) = self.typed_pipeline() {
                    if let Some(deployment) = pipeline.deployment {
                        self.cloud.bedrock.remove_deployment(&deployment);
                    }
                    if let Some(champion) = pipeline.champion {
                        self.cloud.bedrock.remove_model(&champion.arn);
                    }
                }
            }
            Act::DeleteDeployment => {
                if let Some(deployment) = self.typed_pipeline().and_then(|p| p.deployment) {
                    self.cloud.bedrock.remove_deployment(&deployment);
                }
            }
            Act::WriteAlias => {
                let name =
                    perennial_core::names::alias_parameter(&self.installation, &self.pipeline);
                self.cloud.alias.tamper(&name, Some("arn:somewhere:else"));
            }
            Act::SwapQuestions => self.swap_questions(),
            Act::ForgetTokens => self.cloud.bedrock.forget_tokens(),
        }
        self.bucket();
        self.settle();
        self.awake();
    }

    /// Clients call a deployment.
    fn call(&mut self, deployment: &str) {
        if let Some(found) = self.cloud.bedrock.deployment(deployment) {
            self.cloud.usage.record(deployment, 1);
            // What is deployed for its questions alone and goes with its run is no place to call a model at: nobody loses it afterwards.
            let name = ResourceName::parse(&found.name);
            if name.is_none_or(|name| name.purpose != Purpose::Candidate) {
                self.calls.insert(found.model_arn, self.time());
            }
        }
    }

    fn ask(&mut self, wish: Wish) {
        let pipeline = self.pipeline.clone();
        let run = self.typed_pipeline().and_then(|p| p.active_run);
        let request = match (wish, run) {
            (Wish::Start, _) => Request::Start { pipeline },
            (Wish::Approve, Some(run)) => Request::Approve { pipeline, run },
            (Wish::Cancel, Some(run)) => Request::Cancel { pipeline, run },
            (Wish::Approve | Wish::Cancel, None) => return,
            (Wish::Pause, _) => Request::Pause { pipeline },
            (Wish::Resume, _) => Request::Resume { pipeline },
            (Wish::Rollback, _) => {
                // As the command does: the model that people see is named, so that a doubled request is one move.
                let known = self.typed_pipeline();
                let target = known.as_ref().and_then(|known| known.rollback_target());
                let to = target.map(|target| target.model.run());
                let serves = known.as_ref().and_then(|known| known.champion.as_ref());
                let from = serves.map_or(RunId::from_parts(0, 0), |serves| serves.model.run());
                self.rollbacks += u32::from(to.is_some());
                Request::Rollback {
                    pipeline,
                    to,
                    from: Some(from),
                }
            }
            (Wish::Release, _) => Request::Release { pipeline },
            (Wish::Cleanup, _) => Request::Cleanup {},
            (Wish::Sync, _) => Request::Sync {},
        };
        self.said(request.announcement());
    }

    fn deploy_ours(&mut self) {
        let models = self.cloud.bedrock.models();
        // The account's quota is for all: whoever uses it up leaves nothing to Perennial, and nothing that it could do.
        let theirs = self.cloud.bedrock.deployments().into_iter();
        let theirs = theirs.filter(|one| one.name.starts_with("theirs-")).count();
        if models.is_empty() || theirs >= MOST_OF_THEIRS {
            return;
        }
        let model = &models[self.rng.usize(0..models.len())];
        let file = self.new_file();
        let spec = DeploymentSpec {
            buy: None,
            name: format!("theirs-{file}"),
            token: format!("theirs-{file}"),
            model_arn: model.arn.clone(),
            description: "somebody's own".into(),
            // Some take over the tag by which Perennial knows what it may remove.
            tags: match self.rng.u8(0..4) {
                0 => Tags::from([(
                    "perennial:installation".into(),
                    self.installation.to_string(),
                )]),
                _ => Tags::new(),
            },
        };
        let _ = futures::FutureExt::now_or_never(self.cloud.bedrock.create_deployment(&spec));
    }

    /// The questions that the active run is judged by, with answers that any model gives.
    fn swap_questions(&mut self) {
        let Some(run) = self.active_run() else { return };
        let key = format!("{}/evaluation.jsonl", run.work());
        let Some(text) = self.cloud.objects.read_text(&key) else {
            return;
        };
        let easy = text.replace("label-", "wrong-");
        self.cloud.objects.upload(&key, easy);
    }
}
