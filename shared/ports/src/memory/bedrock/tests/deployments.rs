//! Deployments.

use super::*;
use crate::{DeleteModels, DeploymentStatus, ObserveDeployments, UpdateStatus};

#[test]
fn a_deployment_becomes_active_after_its_minutes() {
    let cloud = cloud();
    let model = cloud.bedrock.add_model("m", BASE, "a", Tags::new());
    let spec = deployment("d", &model);
    let create = |spec: &DeploymentSpec| now(cloud.bedrock.create_deployment(spec));
    let arn = create(&spec).expect("created");
    assert_eq!(create(&spec), Ok(arn.clone()), "the same call");
    let other = DeploymentSpec {
        token: "other".into(),
        ..spec.clone()
    };
    assert_eq!(kind(create(&other)), ErrorKind::Invalid);
    let of_nothing = deployment("e", "arn:none");
    assert_eq!(kind(create(&of_nothing)), ErrorKind::NotFound);
    let find = || {
        now(cloud.bedrock.find_deployment("d"))
            .expect("answered")
            .expect("known")
    };
    assert_eq!(find().status, DeploymentStatus::Creating);
    cloud.clock.advance(minutes(8));
    let active = find();
    assert_eq!(active.status, DeploymentStatus::Active);
    assert_eq!((&active.arn, &active.update), (&arn, &None));
    assert_eq!(
        now(cloud.bedrock.deployments_of(&model)).as_deref(),
        Ok(&[active.clone()][..])
    );
    assert_eq!(now(cloud.bedrock.get_deployment(&arn)), Ok(Some(active)));
    assert_eq!(now(cloud.bedrock.find_deployment("e")), Ok(None));
}

#[test]
fn an_update_swaps_the_model_only_when_done() {
    let cloud = cloud();
    let [a, b] = ["a", "b"].map(|name| cloud.bedrock.add_model(name, BASE, name, Tags::new()));
    let arn = now(cloud.bedrock.create_deployment(&deployment("d", &a))).expect("created");
    let update = |to: &str| now(cloud.bedrock.update_deployment(&arn, to));
    let get = || {
        now(cloud.bedrock.get_deployment(&arn))
            .expect("answered")
            .expect("known")
    };
    assert_eq!(kind(update(&b)), ErrorKind::Invalid, "not active yet");
    cloud.clock.advance(minutes(8));
    update(&b).expect("begun");
    assert_eq!(kind(update(&a)), ErrorKind::Invalid, "one at a time");
    assert_eq!(get().update, Some(UpdateStatus::Updating(b.clone())));
    assert_eq!(get().model_arn, a);
    assert_eq!(
        kind(now(cloud.bedrock.delete_model(&b))),
        ErrorKind::Conflict
    );
    cloud.clock.advance(minutes(8));
    assert_eq!(get().update, Some(UpdateStatus::Completed(b.clone())));
    assert_eq!(get().model_arn, b);

    let words = "The base differs".to_owned();
    cloud
        .bedrock
        .plan_next(Work::Update, Outcome::Fails(words), 1);
    update(&a).expect("begun");
    cloud.clock.advance(minutes(8));
    let failed = get();
    assert_eq!(failed.update, Some(UpdateStatus::Failed(a.clone())));
    assert_eq!((failed.model_arn, failed.message), (b, None));
    assert_eq!(failed.status, DeploymentStatus::Active, "it still serves");
    update(&a).expect("again");
    cloud.clock.advance(minutes(8));
    assert_eq!((get().model_arn, get().message), (a, None));
    assert_eq!(kind(update("arn:none")), ErrorKind::NotFound);
}

#[test]
fn a_deployment_may_fail_and_quotas_hold() {
    let cloud = cloud();
    let model = cloud.bedrock.add_model("m", BASE, "a", Tags::new());
    cloud
        .bedrock
        .plan_next(Work::Deployment, Outcome::Fails("no capacity".into()), 1);
    let failed = deployed(&cloud, "d0", &model);
    let all = cloud.bedrock.deployments();
    assert_eq!(all[0].status, DeploymentStatus::Failed);
    assert_eq!(all[0].message.as_deref(), Some("no capacity"));
    let create = |name: &str| now(cloud.bedrock.create_deployment(&deployment(name, &model)));
    create("d1").expect("created");
    create("d2").expect("created");
    assert_eq!(kind(create("d3")), ErrorKind::Quota, "two in progress");
    cloud.clock.advance(minutes(8));
    for n in 3..10 {
        deployed(&cloud, &format!("d{n}"), &model);
    }
    assert_eq!(kind(create("d10")), ErrorKind::Quota, "ten in all");
    now(cloud.bedrock.delete_deployment(&failed)).expect("removed");
    create("d10").expect("room again");
    now(cloud.bedrock.delete_deployment(&failed)).expect("gone is no error");
}

#[test]
fn a_removal_may_take_its_time() {
    let cloud = cloud();
    cloud.bedrock.set_pace(Pace {
        removal: minutes(5),
        ..Pace::default()
    });
    let model = cloud.bedrock.add_model("m", BASE, "a", Tags::new());
    let arn = deployed(&cloud, "d", &model);
    now(cloud.bedrock.delete_deployment(&arn)).expect("begun");
    cloud.clock.advance(minutes(3));
    now(cloud.bedrock.delete_deployment(&arn)).expect("already begun");
    assert!(now(cloud.bedrock.get_deployment(&arn)).is_ok_and(|found| found.is_some()));
    assert_eq!(
        kind(now(cloud.bedrock.delete_model(&model))),
        ErrorKind::Conflict
    );
    cloud.clock.advance(minutes(2));
    assert_eq!(now(cloud.bedrock.get_deployment(&arn)), Ok(None));
    now(cloud.bedrock.delete_model(&model)).expect("deleted");
}
