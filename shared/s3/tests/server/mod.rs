//! As much of S3 as these tests need: one object whose bytes follow from their place, and one multipart upload. Every answer takes
//! its time, so that what may go on at once does.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use perennial_s3::Bucket;

/// Before an answer.
const LATENCY: Duration = Duration::from_millis(40);

/// What stands at a place of the object.
pub(crate) fn byte(at: u64) -> u8 {
    (at / 1021 + at) as u8
}

#[derive(Default)]
struct State {
    size: u64,
    break_after: Option<u64>,
    broken: BTreeSet<u64>,
    refuse_from: Option<u32>,
    asked: usize,
    under_way: usize,
    most: usize,
    parts: BTreeMap<u32, Vec<u8>>,
    stored: Vec<u8>,
    aborted: bool,
}

/// The server. It ends with the test's process.
pub(crate) struct Server {
    address: String,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// Serves an object of this size.
    pub(crate) fn start(size: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let state = Arc::new(Mutex::new(State {
            size,
            ..State::default()
        }));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                thread::spawn(move || while serve(&stream, &state).is_some() {});
            }
        });
        Self { address, state }
    }

    /// The adapter, on this server.
    pub(crate) fn bucket(&self) -> Bucket {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://{}", self.address))
            .force_path_style(true)
            .credentials_provider(Credentials::new(
                "AKIDEXAMPLE",
                "not-a-secret",
                None,
                None,
                "t",
            ))
            .build();
        Bucket::new(Client::from_conf(config), "b")
    }

    /// The first answer to each range ends after so many bytes.
    pub(crate) fn break_each_range_once_after(&self, bytes: u64) {
        lock(&self.state).break_after = Some(bytes);
    }

    /// Parts from this number on are refused.
    pub(crate) fn refuse_parts_from(&self, number: u32) {
        lock(&self.state).refuse_from = Some(number);
    }

    /// Ranges that were asked for.
    pub(crate) fn asked(&self) -> usize {
        lock(&self.state).asked
    }

    /// Waits until nothing is on its way; fails after ten seconds.
    pub(crate) fn wait_until_idle(&self) {
        for _ in 0..200 {
            if lock(&self.state).under_way == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("something is still on its way");
    }

    /// The most at a time.
    pub(crate) fn most_at_once(&self) -> usize {
        lock(&self.state).most
    }

    /// The object that was made of parts.
    pub(crate) fn stored(&self) -> Vec<u8> {
        lock(&self.state).stored.clone()
    }

    /// Whether an upload was aborted.
    pub(crate) fn was_aborted(&self) -> bool {
        lock(&self.state).aborted
    }
}

/// Waits until a second one is on its way as well; whoever sends one after the other is waited for in vain.
fn wait_for_another(state: &Mutex<State>) {
    for _ in 0..500 {
        if lock(state).most >= 2 {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Counts a range or a part as on its way.
struct Counted<'a>(&'a Mutex<State>);

impl<'a> Counted<'a> {
    fn new(state: &'a Mutex<State>) -> Self {
        let mut locked = lock(state);
        locked.under_way += 1;
        locked.most = locked.most.max(locked.under_way);
        Self(state)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        lock(self.0).under_way -= 1;
    }
}

/// One request; `None` when the connection ends.
fn serve(mut stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|length| *length > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, uri) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    if headers.contains_key("expect") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let body = read_body(&mut reader, &headers)?;
    match method.as_str() {
        "GET" => range(stream, state, headers.get("range")?),
        "PUT" => {
            let number = uri.split("partNumber=").nth(1)?;
            let number = number.split('&').next()?.parse().ok()?;
            let counted = Counted::new(state);
            thread::sleep(LATENCY);
            if number == 1 {
                wait_for_another(state);
            }
            let refused = lock(state).refuse_from.is_some_and(|from| number >= from);
            if !refused {
                lock(state).parts.insert(number, body);
            }
            drop(counted);
            match refused {
                true => answer(
                    stream,
                    "403 Forbidden",
                    "<Error><Code>AccessDenied</Code></Error>",
                ),
                false => answer(stream, &format!("200 OK\r\netag: \"{number}\""), ""),
            }
        }
        "POST" if uri.contains("uploads") => answer(
            stream,
            "200 OK",
            "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
        ),
        "POST" => {
            let text = String::from_utf8_lossy(&body).into_owned();
            let mut state = lock(state);
            let named: Vec<u32> = text
                .split("<PartNumber>")
                .skip(1)
                .filter_map(|rest| rest.split('<').next()?.parse().ok())
                .collect();
            assert!(named.is_sorted(), "S3 refuses parts out of order");
            state.stored = named
                .iter()
                .flat_map(|number| state.parts[number].clone())
                .collect();
            answer(
                stream,
                "200 OK",
                "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>",
            )
        }
        "DELETE" => {
            lock(state).aborted = true;
            answer(stream, "204 No Content", "")
        }
        _ => None,
    }
}

fn answer(mut stream: &TcpStream, status: &str, body: &str) -> Option<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .ok()
}

fn range(mut stream: &TcpStream, state: &Mutex<State>, range: &str) -> Option<()> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let (size, end, stop) = {
        let mut state = lock(state);
        state.asked += 1;
        let end = state.size.min(last + 1);
        let after = state.break_after;
        let stop = match after {
            // By its end, which is the same when it is asked for again.
            Some(after) if state.broken.insert(end) => end.min(first + after),
            _ => end,
        };
        (state.size, end, stop)
    };
    let _counted = Counted::new(state);
    thread::sleep(LATENCY);
    if first == 8 * 1024 * 1024 {
        wait_for_another(state);
    }
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\netag: \"tag\"\r\ncontent-length: {}\r\ncontent-range: bytes {first}-{}/{size}\r\n\r\n",
        end - first,
        end - 1
    )
    .ok()?;
    let mut at = first;
    while at < stop {
        let next = stop.min(at + 64 * 1024);
        let bytes: Vec<u8> = (at..next).map(byte).collect();
        stream.write_all(&bytes).ok()?;
        at = next;
    }
    // What breaks off ends the connection.
    (stop == end).then_some(())
}

/// With a length, or in chunks, as the SDK signs what it streams.
fn read_body(
    reader: &mut BufReader<&TcpStream>,
    headers: &BTreeMap<String, String>,
) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let chunked = headers
        .get("content-encoding")
        .is_some_and(|encoding| encoding.contains("aws-chunked"));
    if !chunked {
        let length: usize = headers
            .get("content-length")
            .map_or(Some(0), |length| length.parse().ok())?;
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
        return Some(body);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = line.trim_end().split(';').next()?;
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            break;
        }
        let start = body.len();
        body.resize(start + length, 0);
        reader.read_exact(&mut body[start..]).ok()?;
        reader.read_line(&mut line).ok()?;
    }
    // Trailers, up to an empty line.
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            return Some(body);
        }
    }
}
