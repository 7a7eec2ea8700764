//! Each AWS adapter, by AWS's own SDKs, against a local cloud in this process: the contracts that the in-memory twins
//! keep as well (`perennial_ports::contract`), and what only the adapters know.
#![allow(clippy::unwrap_used)]

mod account;
mod beyond;
mod routed;

use perennial_ports::contract;

use account::Account;

#[tokio::test(flavor = "multi_thread")]
async fn objects() {
    let account = Account::open().await;
    contract::objects_contract(&account.setup()).await;
    let left = account
        .s3
        .list_multipart_uploads()
        .bucket(account.bucket_name())
        .send()
        .await
        .unwrap();
    assert!(left.uploads().is_empty(), "no upload is left: {left:?}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn training() {
    let account = Account::open().await;
    contract::training_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch() {
    let account = Account::open().await;
    contract::batch_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models() {
    let account = Account::open().await;
    contract::models_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments() {
    let account = Account::open().await;
    contract::deployments_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throughput() {
    let account = Account::open().await;
    contract::throughput_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers() {
    let account = Account::open().await;
    contract::answers_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage() {
    let account = Account::open().await;
    contract::usage_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alias() {
    let account = Account::open().await;
    contract::alias_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn announce() {
    let account = Account::open().await;
    contract::announce_contract(&account.setup()).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn table() {
    let account = Account::open().await;
    contract::table_contract(&account.table).await;
    account.close().await;
}
