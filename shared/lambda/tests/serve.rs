//! The loop of invocations against a Runtime API of the test's own, in a process of its own as on Lambda.

use std::process::Stdio;

use jiff::Timestamp;
use perennial_lambda::{init_logs, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// The function: not a test, but what the child process runs.
#[tokio::test]
#[ignore = "run by the other test in a process of its own"]
async fn function() {
    init_logs();
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let handler = |event: Value, invocation: perennial_lambda::Invocation| async move {
        match event["fail"].as_str() {
            Some(words) => Err(words.to_owned()),
            None => Ok(json!({
                "heard": event, "deadline": invocation.deadline.as_millisecond(), "id": invocation.request_id,
            })),
        }
    };
    serve(handler).await.expect("the loop goes on");
}

struct Request {
    line: String,
    body: String,
    stream: BufReader<TcpStream>,
}

async fn read(stream: TcpStream) -> Request {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("a request");
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.expect("a header");
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        chunked |= header == "transfer-encoding: chunked";
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    assert!(!chunked, "the runtime sends whole bodies");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a body");
    Request {
        line: line.trim().to_owned(),
        body: String::from_utf8(body).expect("text"),
        stream,
    }
}

async fn answer(mut request: Request, headers: &str, body: &str) {
    let text = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    request
        .stream
        .write_all(text.as_bytes())
        .await
        .expect("written");
    request.stream.shutdown().await.expect("closed");
}

#[tokio::test]
async fn events_are_answered_and_failures_told_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "function", "--ignored", "--nocapture"])
        .env("AWS_LAMBDA_RUNTIME_API", &address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "ingest")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a process");

    let deadline = Timestamp::now().as_millisecond() + 60_000;
    let mut said = Vec::new();
    for (id, event) in [
        ("a", json!({ "n": 1 })),
        ("b", json!({ "fail": "no such bucket" })),
    ] {
        let (stream, _) = listener.accept().await.expect("a connection");
        let next = read(stream).await;
        assert!(
            next.line.ends_with("/invocation/next HTTP/1.1"),
            "{}",
            next.line
        );
        let headers = format!(
            "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: {id}\r\n\
             Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Invoked-Function-Arn: arn\r\n"
        );
        answer(next, &headers, &event.to_string()).await;
        let (stream, _) = listener.accept().await.expect("a connection");
        let request = read(stream).await;
        said.push((request.line.clone(), request.body.clone()));
        answer(request, "", "{}").await;
    }
    child.kill().await.expect("ended");
    let mut log = String::new();
    let mut stdout = child.stdout.take().expect("piped");
    stdout.read_to_string(&mut log).await.expect("text");

    let heard: Value = serde_json::from_str(&said[0].1).expect("JSON");
    assert!(
        said[0].0.contains("/invocation/a/response"),
        "{}",
        said[0].0
    );
    assert_eq!(
        heard,
        json!({ "heard": { "n": 1 }, "deadline": deadline, "id": "a" })
    );
    let failure: Value = serde_json::from_str(&said[1].1).expect("JSON");
    assert!(said[1].0.contains("/invocation/b/error"), "{}", said[1].0);
    assert_eq!(failure["errorMessage"], "no such bucket");
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["level"] == "ERROR")
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(lines[0]["message"], "no such bucket");
    assert_eq!(lines[0]["span"]["requestId"], "b");
    assert!(lines[0].get("timestamp").is_none());
}

#[tokio::test]
async fn outside_of_lambda_it_says_what_it_is() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return;
    }
    let handler = |event: Value, _| async move { Ok::<_, String>(event) };
    let error = serve(handler).await.expect_err("no Runtime API");
    assert!(
        error.to_string().contains("AWS_LAMBDA_RUNTIME_API"),
        "{error}"
    );
}
