//! A client that shows every byte, and the means to run real ones.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// One response as it came over an HTTP/1.1 connection.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    /// Names in lower case, in the order on the wire.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value).collect()
    }
}

/// Sends bytes that ask for the connection to be closed, and reads to the end.
pub(crate) async fn exchange(addr: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(addr).await.expect("a server");
    socket.write_all(request).await.expect("a server that reads");
    let mut answer = Vec::new();
    // A server that refuses before it has read everything may reset the connection behind its answer.
    let _ = soon("the end of the connection", &mut answer, async |answer| socket.read_to_end(answer).await).await;
    answer
}

/// Reads until the answer ends like this, from a connection that stays open.
pub(crate) async fn read_until(socket: &mut TcpStream, end: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    soon(&format!("{end:?}"), &mut answer, async |answer| {
        while !answer.ends_with(end.as_bytes()) {
            answer.push(socket.read_u8().await.expect("an open connection"));
        }
    })
    .await;
    answer
}

/// What a server does not say in ten seconds it never will: a test that fails tells more than one that hangs.
pub(crate) async fn soon<R>(awaited: &str, answer: &mut Vec<u8>, read: impl AsyncFnOnce(&mut Vec<u8>) -> R) -> R {
    let Ok(read) = timeout(Duration::from_secs(10), read(answer)).await else {
        panic!("ten seconds, and no {awaited} behind {:?}", String::from_utf8_lossy(answer));
    };
    read
}

/// The responses in a stream of bytes, interim ones included.
pub(crate) fn responses(mut bytes: &[u8], to_head: bool) -> Vec<Raw> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head") + 4;
        let head = std::str::from_utf8(&bytes[..end]).expect("a head in ASCII");
        bytes = &bytes[end..];
        let mut lines = head.trim_end().split("\r\n");
        let status: u16 =
            lines.next().and_then(|line| line.get(9..12)).expect("a status line").parse().expect("a status");
        let fields: Vec<_> = lines
            .map(|line| line.split_once(": ").or_else(|| line.split_once(':')).expect("a field"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut raw = Raw { status, fields, body: Vec::new() };
        let chunked = raw.all("transfer-encoding") == ["chunked"];
        if status < 200 || status == 204 || status == 304 || to_head {
        } else if chunked {
            let end = bytes.windows(5).position(|five| five == b"0\r\n\r\n").map(|at| at + 5);
            // A chunked body with trailers ends in an empty line, without one in the last chunk itself.
            let end = end.unwrap_or_else(|| bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an end") + 4);
            raw.body = bytes[..end].to_vec();
            bytes = &bytes[end..];
        } else {
            let length =
                raw.all("content-length").first().map_or(bytes.len(), |length| length.parse().expect("a length"));
            raw.body = bytes[..length].to_vec();
            bytes = &bytes[length..];
        }
        all.push(raw);
    }
    all
}

/// One request on a connection of its own.
pub(crate) async fn one(addr: SocketAddr, request: &[u8]) -> Raw {
    let mut all = responses(&exchange(addr, request).await, request.starts_with(b"HEAD "));
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

pub(crate) async fn get(addr: SocketAddr, path: &str, fields: &str) -> Raw {
    one(addr, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n").as_bytes()).await
}

/// What `curl` says to these arguments, or `None` where it cannot do what the test needs.
pub(crate) fn curl(needs: &str, arguments: &[&str]) -> Option<String> {
    let features = Command::new("curl").arg("--version").output().map(|output| said(&output)).unwrap_or_default();
    if !features.contains(needs) {
        skip("a test with curl", &format!("no curl with {needs}"), "install curl 7.47 or newer with nghttp2");
        return None;
    }
    let output = Command::new("curl").args(["--silent", "--show-error", "--max-time", "20"]).args(arguments).output();
    let output = output.expect("curl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(said(&output))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[expect(clippy::print_stdout, reason = "the one way to tell it to whoever runs the tests")]
pub(crate) fn skip(what: &str, why: &str, how: &str) {
    println!("SKIPPED: {what}, {why}, {how}");
    assert!(std::env::var_os("SALLET_NO_SKIP").is_none_or(|set| set != "1"), "a skip is a failure here");
}
