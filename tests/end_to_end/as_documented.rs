//! Configurations as the pages have them, each from dropped files to a promoted model.

use std::path::PathBuf;

use serde_json::json;

use crate::harness::{Cloud, runtime, wait};

const QUICK: &str = "quiet_for = \"1s\"\nat_most_every = \"1s\"\n";

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The first fenced block of this language after the heading, as it stands on the page.
fn block(page: &str, heading: &str, language: &str) -> String {
    let text = std::fs::read_to_string(here("../docs").join(page)).unwrap();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, rest) = section.split_once(&format!("```{language}\n")).unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    block.to_owned()
}

fn accepted(cloud: &Cloud, config: String) {
    cloud.drop_file("pipelines/bot.toml", config);
    cloud.wait_for_report("bot/configuration.txt", "accepted");
}

/// The first bytes of a PNG of so many pixels: nobody here looks at the others.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend([8, 6, 0, 0, 0]);
    file
}

#[test]
fn images_are_trained_on_as_the_page_says_and_serve_when_a_person_has_approved() {
    let page = block("techniques.md", "Images", "toml");
    let config = page.replace("[trigger]\n", &format!("[trigger]\n{QUICK}"));
    assert_ne!(config, page);
    let cloud = Cloud::start();
    accepted(&cloud, config);
    let mut records = String::new();
    for n in 0..8 {
        let key = format!("media/bot/{n}.png");
        cloud.drop_file(&key, png(1_024, 768));
        wait("the image is in the bucket", || cloud.object(&key));
        let record = json!({
            "image-ref": format!("s3://perennial-local/{key}"), "caption": format!("a red chair, seen from side {n}"),
        });
        records.push_str(&format!("{record}\n"));
    }
    cloud.drop_file("data/bot/chairs.jsonl", records);
    let run = cloud.wait_for_stage("bot", 0, "approval");
    assert_eq!(run["stage"], "approval", "{run:#}");
    let (code, said) = cloud.run(&["approve", run["run"].as_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    let [(arn, _)] = &cloud.throughputs()[..] else {
        panic!("{:?}", cloud.throughputs())
    };
    assert_eq!(
        cloud.parameter("/perennial/local/bot/model").as_ref(),
        Some(arn)
    );
}

#[test]
fn a_recipe_of_awss_trains_as_the_page_says_and_is_no_training_data() {
    let heading = "What to write";
    let config = block("recipe.md", heading, "toml");
    let cloud = Cloud::start();
    // The page's own bucket, beside the installation's.
    let (_, uri) = config.split_once("s3://").unwrap();
    let (uri, _) = uri.split_once('"').unwrap();
    let (bucket, key) = uri.split_once('/').unwrap();
    let client = cloud.s3();
    let recipe = block("recipe.md", heading, "yaml").into_bytes();
    runtime().block_on(async {
        let made = client.create_bucket().bucket(bucket);
        made.send().await.unwrap();
        let put = client.put_object().bucket(bucket).key(key);
        put.body(recipe.into()).send().await.unwrap();
    });
    accepted(
        &cloud,
        format!("{config}[trigger]\nmin_records = 1\n{QUICK}"),
    );
    let demo = here("demo/continued-pre-training");
    let questions = std::fs::read(demo.join("questions.jsonl")).unwrap();
    cloud.drop_file("eval/bot/questions.jsonl", questions);
    cloud.wait_for_report("bot/uploads/eval/bot/questions.jsonl.txt", "accepted");
    for document in std::fs::read_dir(demo.join("documents")).unwrap() {
        let document = document.unwrap();
        let name = document.file_name().into_string().unwrap();
        let text = std::fs::read(document.path()).unwrap();
        cloud.drop_file(&format!("data/bot/{name}"), text);
    }
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
}
