//! Requests per second on real sockets, on 1, 8 and 64 connections: `connections [--json FILE]`.
//!
//! A server is a process of its own with one thread, and so is its client. `bare` is hyper with a service that answers
//! `fine`; the next sends the same bytes as Sallet does, its headers as a map that it copies, which is the work that any
//! server with these headers has; `sallet` has the headers layer and the bearer check of 16 keys. They take turns, and the
//! client writes and counts bytes, so that it is never the slower of the two. Beside the rate stands the CPU time of the
//! server for one request, where the system tells it: that a busy machine disturbs less.
#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use sallet_core::Scheme;
use sallet_core_bench::outcome::{Compared, Curve, Options, Row, Table, ratio};
use sallet_core_bench::requests::TOKEN;
use sallet_core_bench::turns::Spread;
use sallet_hyper::{Bearer, RequireAuthLayer, SecurityHeadersLayer};
use sallet_hyper_bench::app::Body;
use sallet_hyper_bench::{auth, headers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, Service, service_fn};

type Failure = Box<dyn Error + Send + Sync>;

const SERVERS: [&str; 3] = ["bare", "the same bytes by hand", "sallet, headers and auth"];
/// How many, and what their tables are called.
const CONNECTIONS: [(usize, &str, &str, &str); 3] = [
    (1, "hyper, 1 connection", "rate 1", "cpu 1"),
    (8, "hyper, 8 connections", "rate 8", "cpu 8"),
    (64, "hyper, 64 connections", "rate 64", "cpu 64"),
];

fn fine() -> Response<Body> {
    Response::new(Body::from("fine"))
}

async fn accept<S, B>(service: S) -> Result<(), Failure>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + 'static,
    S::Future: 'static,
    B: hyper::body::Body<Data = bytes::Bytes, Error = Infallible> + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    let service = TowerToHyperService::new(service);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
        tokio::task::spawn_local(async move { drop(connection.await) });
    }
}

async fn serve(name: &str) -> Result<(), Failure> {
    if name == SERVERS[0] {
        return accept(service_fn(async |_| Ok(fine()))).await;
    }
    if name == SERVERS[1] {
        let field = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let fields: HeaderMap = headers::FIELDS.into_iter().map(field).collect();
        return accept(service_fn(move |_| {
            let mut response = fine();
            response.headers_mut().clone_from(&fields);
            std::future::ready(Ok(response))
        }))
        .await;
    }
    let guarded = RequireAuthLayer::new(Bearer::new(auth::keys())).layer(service_fn(async |_| Ok(fine())));
    accept(SecurityHeadersLayer::new(&headers::POLICY).scheme(Scheme::Https).layer(guarded)).await
}

/// A server; it ends with this program.
struct Server {
    child: Child,
    address: String,
    /// How long each of its responses is.
    length: usize,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(name: &str) -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program).args(["serve", name]).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().ok_or("a pipe")?).read_line(&mut address)?;
        let mut server = Self { child, address: address.trim().to_owned(), length: 0 };
        let mut socket = server.connect().await?;
        socket.write_all(request().as_bytes()).await?;
        let mut response = vec![0; 4096];
        server.length = socket.read(&mut response).await?;
        let text = std::str::from_utf8(&response[..server.length])?;
        let sent = |(name, value): &&(&str, &str)| text.contains(&format!("\r\n{name}: {value}\r\n"));
        let fields = headers::FIELDS.iter().filter(sent).count();
        let expected = if name == SERVERS[0] { 0 } else { headers::FIELDS.len() };
        if !text.starts_with("HTTP/1.1 200 ") || !text.ends_with("\r\n\r\nfine") || fields != expected {
            return Err(format!("{name} answers {text:?}").into());
        }
        Ok(server)
    }

    async fn connect(&self) -> Result<TcpStream, Failure> {
        let socket = TcpStream::connect(&self.address).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    /// Nanoseconds on a processor, where the system tells.
    fn cpu(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).ok()?;
        text.split(' ').next()?.parse().ok()
    }

    /// One turn: requests per second, and the CPU time of one in microseconds.
    async fn turn(&self, connections: usize, length: Duration) -> Result<(f64, Option<f64>), Failure> {
        let mut sockets = Vec::new();
        for _ in 0..connections {
            sockets.push(self.connect().await?);
        }
        let (before, start) = (self.cpu(), Instant::now());
        let clients = sockets.into_iter().map(|socket| client(socket, self.length, start + length));
        let mut clients: tokio::task::JoinSet<_> = clients.collect();
        let mut answered = 0;
        while let Some(ended) = clients.join_next().await {
            answered += ended??;
        }
        let seconds = start.elapsed().as_secs_f64();
        let cpu = before.zip(self.cpu()).map(|(before, after)| (after - before) as f64 / 1e3 / f64::from(answered));
        Ok((f64::from(answered) / seconds, cpu))
    }
}

fn request() -> String {
    format!("GET /items HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\r\n")
}

async fn client(mut socket: TcpStream, length: usize, until: Instant) -> Result<u32, Failure> {
    let (request, mut response, mut answered) = (request(), vec![0; length], 0);
    while Instant::now() < until {
        socket.write_all(request.as_bytes()).await?;
        socket.read_exact(&mut response).await?;
        if !response.starts_with(b"HTTP/1.1 200 ") || !response.ends_with(b"\r\n\r\nfine") {
            return Err(format!("a wrong answer: {:?}", String::from_utf8_lossy(&response)).into());
        }
        answered += 1;
    }
    Ok(answered)
}

fn spread(name: &str, values: &[f64], with: &[f64]) -> Row {
    let compared = (name != SERVERS[0]).then(|| Compared {
        with: SERVERS[0].to_owned(),
        ratio: ratio(values, with),
        ratio_of_best: None,
        budget: None,
    });
    Row { name: name.to_owned(), took: Spread::of(values), best: None, compared }
}

async fn measure(options: &Options) -> Result<(), Failure> {
    let (rounds, length) =
        if sallet_core_bench::quick() { (5, Duration::from_millis(150)) } else { (15, Duration::from_millis(500)) };
    let mut servers = Vec::new();
    for name in SERVERS {
        servers.push(Server::start(name).await?);
    }
    // The same lines in another order.
    if servers[1].length != servers[2].length {
        return Err(format!("{} and {} send different bytes", SERVERS[1], SERVERS[2]).into());
    }
    let mut tables = Vec::new();
    let curve = |name, title, y, unit| Curve {
        name,
        title,
        x: "connections",
        y,
        unit,
        series: SERVERS.map(|name| (name.to_owned(), Vec::new())).into(),
    };
    let mut rate_curve = curve("rate", "hyper: requests per second", "requests per second", "1/s");
    let mut cpu_curve = curve("cpu", "hyper: CPU time of the server for one request", "CPU time", "us");
    for (connections, title, rate_name, cpu_name) in CONNECTIONS {
        let mut rates = vec![Vec::new(); servers.len()];
        let mut cpus = vec![Vec::new(); servers.len()];
        for round in 0..=rounds {
            eprint!("\r{title}: round {round} of {rounds} ");
            for (at, server) in servers.iter().enumerate() {
                let (rate, cpu) = server.turn(connections, length).await?;
                // The first round warms up.
                if round > 0 {
                    rates[at].push(rate);
                    cpus[at].extend(cpu);
                }
            }
        }
        eprintln!();
        let mut show = |name, unit, curve: &mut Curve, values: &[Vec<f64>]| -> Result<(), Failure> {
            let rows = SERVERS.iter().zip(values).map(|(name, own)| spread(name, own, &values[0])).collect();
            for ((_, points), own) in curve.series.iter_mut().zip(values) {
                points.push((connections, Spread::of(own)));
            }
            let table = Table { name, title, unit, rows };
            table.print(&mut std::io::stdout())?;
            tables.push(table);
            Ok(())
        };
        show(rate_name, "requests/s", &mut rate_curve, &rates)?;
        if cpus.iter().all(|cpu| !cpu.is_empty()) {
            show(cpu_name, "server CPU us", &mut cpu_curve, &cpus)?;
        } else {
            println!("SKIPPED: the CPU time of the server, this system has no /proc, run it on Linux");
        }
    }
    let curves = [rate_curve, cpu_curve].into_iter().filter(|curve| !curve.series[0].1.is_empty());
    options.finish("hyper-server", "make bench-hyper", &tables, &curves.collect::<Vec<_>>())?;
    Ok(())
}

async fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, name] = &arguments[..]
        && command == "serve"
    {
        return serve(name).await;
    }
    measure(&Options::read(arguments, &[])?).await
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime of one thread");
    match tokio::task::LocalSet::new().block_on(&runtime, run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
