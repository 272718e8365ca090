//! Asks an example server for a while with good, bad, missing and malformed tokens on many connections, and watches its
//! memory: `load PROGRAM [SECONDS]`.
//!
//! Fails on the first wrong status, and when the server's memory has grown since the end of its first fifth.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const CONNECTIONS: usize = 32;

type Failure = Box<dyn Error + Send + Sync>;

/// A path, the `authorization` lines, and what the answer must be.
struct Question {
    path: &'static str,
    lines: Vec<String>,
    status: StatusCode,
}

fn questions(token: &str) -> Vec<Question> {
    let ask = |path, lines: &[&str], status| Question {
        path,
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        status,
    };
    let good = format!("Bearer {token}");
    let short = &good[..good.len() - 1];
    vec![
        ask("/items", &[&good], StatusCode::OK),
        ask("/items", &[short], StatusCode::UNAUTHORIZED),
        ask("/items", &[], StatusCode::UNAUTHORIZED),
        ask("/items", &[&good], StatusCode::OK),
        ask("/items", &["Bearer a b"], StatusCode::BAD_REQUEST),
        ask("/items", &[&good, &good], StatusCode::BAD_REQUEST),
        ask("/health", &[], StatusCode::OK),
        ask("/health/", &[], StatusCode::UNAUTHORIZED),
    ]
}

async fn connection(
    authority: String,
    questions: Arc<[Question]>,
    first: usize,
    until: Instant,
    answered: Arc<AtomicU64>,
) -> Result<(), Failure> {
    let socket = TcpStream::connect(&authority).await?;
    let (mut client, driver) = http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(driver);
    for question in questions.iter().cycle().skip(first) {
        if Instant::now() >= until {
            break;
        }
        let mut request = Request::get(question.path).header("host", &authority).body(Empty::<Bytes>::new())?;
        for line in &question.lines {
            request.headers_mut().append("authorization", line.parse()?);
        }
        client.ready().await?;
        let response = client.send_request(request).await?;
        let headers = response.headers().get_all("x-frame-options").iter().count();
        if response.status() != question.status || headers != 1 {
            return Err(format!(
                "{} {:?}: {}, {headers} x-frame-options",
                question.path,
                question.lines,
                response.status()
            )
            .into());
        }
        response.into_body().collect().await?;
        answered.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// The server; it ends with this program.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Resident memory in KiB, where the system tells it.
    fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("which program? load PROGRAM [SECONDS]")?;
    let seconds: u64 = arguments.next().map_or(Ok(120), |seconds| seconds.parse())?;

    let mut child = Command::new(&program).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("a pipe")?).lines();
    let server = Server(child);
    let mut said = |prefix: &str| -> Result<String, Failure> {
        let line = lines.next().ok_or("the server has ended")??;
        Ok(line.strip_prefix(prefix).ok_or_else(|| format!("{prefix:?} expected, not {line:?}"))?.to_owned())
    };
    let authority = said("http://")?;
    let questions: Arc<[Question]> = questions(&said("token ")?).into();

    let start = Instant::now();
    let until = start + Duration::from_secs(seconds);
    let answered = Arc::new(AtomicU64::new(0));
    let mut connections = tokio::task::JoinSet::new();
    for first in 0..CONNECTIONS {
        connections.spawn(connection(authority.clone(), Arc::clone(&questions), first, until, Arc::clone(&answered)));
    }
    tokio::time::sleep_until((start + Duration::from_secs(seconds) / 5).into()).await;
    let warm = server.memory();
    while let Some(ended) = connections.join_next().await {
        ended??;
    }
    let end = server.memory();
    let all = answered.load(Ordering::Relaxed);
    println!("{all} answers in {seconds} s, {} a second, none of them wrong", all / seconds.max(1));
    match (warm, end) {
        (Some(warm), Some(end)) => {
            println!("memory: {warm} KiB after a fifth of the time, {end} KiB at the end");
            // A page or two may still be touched for the first time; a leak of one byte a request would be more.
            if end > warm + 512 {
                return Err("the server's memory has grown".into());
            }
        }
        _ => println!("SKIPPED: the look at the server's memory, this system has no /proc, run it on Linux"),
    }
    Ok(())
}
