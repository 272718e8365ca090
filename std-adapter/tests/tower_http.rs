//! Every layer of tower-http on both sides of Sallet's, under axum, plain hyper and tonic: it has to compile, and to let the
//! answers through.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderName, Request, Response, StatusCode, request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, Keyring, Refusal};
use sallet_core::{SecurityHeaders, digest_hex};
use sallet_hyper::{Bearer, PresentedToken, RequireAuthLayer, SecurityHeadersLayer, User};
use tokio::net::TcpStream;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder, ServiceExt as _};
use tower_http::request_id::MakeRequestUuid;
use tower_http::services::{Redirect, ServeDir, ServeFile};

#[path = "suite/server.rs"]
#[expect(dead_code, reason = "the suite answers with text too")]
mod server;

use server::serve;

/// The token is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

fn headers() -> SecurityHeadersLayer {
    SecurityHeadersLayer::new(&SecurityHeaders::API)
}

fn ring() -> RequireAuthLayer<&'static Keyring> {
    RequireAuthLayer::new(Bearer::new(&KEYS))
}

#[derive(Clone)]
struct Anyone;

impl User for Anyone {}

async fn lookup(token: PresentedToken) -> Result<Anyone, Refusal> {
    if token.as_str() == "abc" { Ok(Anyone) } else { Err(Refusal::Unavailable) }
}

/// What is around one layer of another's, and around each of Sallet's.
macro_rules! sandwich {
    ($layer:expr) => {
        ServiceBuilder::new()
            .layer($layer)
            .layer(headers())
            .layer($layer)
            .layer(ring())
            .layer($layer)
            .layer(RequireAuthLayer::new(Bearer::from_fn(lookup)))
            .layer($layer)
    };
}

const HOUR: Duration = Duration::from_secs(3_600);
const NAME: HeaderName = HeaderName::from_static("x-name");

/// Lets everybody pass.
struct Everybody<B>(PhantomData<fn() -> B>);

impl<B> Clone for Everybody<B> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<A, B> tower_http::auth::AsyncAuthorizeRequest<A> for Everybody<B> {
    type RequestBody = A;
    type ResponseBody = B;
    type Future = Ready<Result<Request<A>, Response<B>>>;

    fn authorize(&mut self, request: Request<A>) -> Self::Future {
        ready(Ok(request))
    }
}

macro_rules! statuses {
    () => {
        [200, 401]
    };
    ($good:literal, $none:literal) => {
        [$good, $none]
    };
}

/// Each layer, and the statuses that come out for a good token and for none, where they are others than 200 and 401.
macro_rules! layers {
    ($($name:ident $(($good:literal, $none:literal))?: $layer:expr;)*) => {
        const LISTED: &[&str] = &[$(stringify!($name)),*];

        #[tokio::test]
        async fn under_axum() {
            $({
                let app = Router::new().route("/", get(async || "hello")).layer(sandwich!($layer));
                let told = ask(serve(TowerToHyperService::new(app)).await).await;
                assert_eq!(told, statuses!($($good, $none)?), stringify!($name));
            })*
        }

        #[tokio::test]
        async fn under_hyper() {
            $({
                let service = sandwich!($layer).service(Hello);
                let told = ask(serve(TowerToHyperService::new(boxed(service))).await).await;
                assert_eq!(told, statuses!($($good, $none)?), stringify!($name));
            })*
        }

        #[tokio::test]
        async fn under_tonic() {
            $({
                let (_reporter, health) = tonic_health::server::health_reporter();
                let incoming = TcpIncoming::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
                let addr = incoming.local_addr().expect("an address");
                let server = Server::builder().layer(sandwich!($layer)).add_service(health);
                tokio::spawn(server.serve_with_incoming(incoming));
                let told = call(addr).await;
                assert_eq!(told, statuses!($($good, $none)?), stringify!($name));
            })*
        }
    };
}

layers! {
    AddAuthorizationLayer(200, 200): tower_http::auth::AddAuthorizationLayer::bearer("abc");
    AddExtensionLayer: tower_http::add_extension::AddExtensionLayer::new(7_u8);
    AsyncRequireAuthorizationLayer: tower_http::auth::AsyncRequireAuthorizationLayer::new(Everybody(PhantomData));
    CatchPanicLayer: tower_http::catch_panic::CatchPanicLayer::new();
    CompressionLayer: tower_http::compression::CompressionLayer::new();
    CorsLayer: tower_http::cors::CorsLayer::permissive();
    CsrfLayer: tower_http::csrf::CsrfLayer::new();
    DecompressionLayer: tower_http::decompression::DecompressionLayer::new();
    InFlightRequestsLayer: tower_http::metrics::InFlightRequestsLayer::pair().0;
    MapRequestBodyLayer: tower_http::map_request_body::MapRequestBodyLayer::new(Body::new);
    MapResponseBodyLayer: tower_http::map_response_body::MapResponseBodyLayer::new(Body::new);
    NormalizePathLayer: tower_http::normalize_path::NormalizePathLayer::trim_trailing_slash();
    OnEarlyDropLayer: tower_http::on_early_drop::OnEarlyDropLayer::builder();
    PropagateHeaderLayer: tower_http::propagate_header::PropagateHeaderLayer::new(NAME);
    PropagateRequestIdLayer: tower_http::request_id::PropagateRequestIdLayer::x_request_id();
    RequestBodyDeadlineLayer: tower_http::timeout::RequestBodyDeadlineLayer::new(HOUR);
    RequestBodyLimitLayer: tower_http::limit::RequestBodyLimitLayer::new(4_096);
    RequestBodyTimeoutLayer: tower_http::timeout::RequestBodyTimeoutLayer::new(HOUR);
    RequestDecompressionLayer: tower_http::decompression::RequestDecompressionLayer::new();
    ResponseBodyDeadlineLayer: tower_http::timeout::ResponseBodyDeadlineLayer::new(HOUR);
    ResponseBodyTimeoutLayer: tower_http::timeout::ResponseBodyTimeoutLayer::new(HOUR);
    SetMultipleRequestHeadersLayer:
        tower_http::set_header::request::SetMultipleRequestHeadersLayer::overriding(vec![]);
    SetMultipleResponseHeadersLayer:
        tower_http::set_header::response::SetMultipleResponseHeadersLayer::overriding(vec![]);
    SetRequestHeaderLayer:
        tower_http::set_header::SetRequestHeaderLayer::overriding(NAME, HeaderValue::from_static("v"));
    SetRequestIdLayer: tower_http::request_id::SetRequestIdLayer::x_request_id(MakeRequestUuid);
    SetResponseHeaderLayer:
        tower_http::set_header::SetResponseHeaderLayer::overriding(NAME, HeaderValue::from_static("v"));
    SetSensitiveHeadersLayer: tower_http::sensitive_headers::SetSensitiveHeadersLayer::new([NAME]);
    SetSensitiveRequestHeadersLayer: tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer::new([NAME]);
    SetSensitiveResponseHeadersLayer: tower_http::sensitive_headers::SetSensitiveResponseHeadersLayer::new([NAME]);
    SetStatusLayer(201, 201): tower_http::set_status::SetStatusLayer::new(StatusCode::CREATED);
    TimeoutLayer: tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, HOUR);
    TraceLayer: tower_http::trace::TraceLayer::new_for_http();
    ValidateRequestHeaderLayer: tower_http::validate_request::ValidateRequestHeaderLayer::accept("*/*");
}

/// Not here: it is for clients, whose requests it sends again to where a response says.
const LEFT_OUT: &[&str] = &["FollowRedirectLayer"];

/// A layer that is neither listed nor left out is one nobody has tried.
#[test]
fn the_list_is_complete() {
    let said = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        String::from_utf8(output.expect("a program").stdout).expect("text")
    };
    // The sources for other platforms are not here.
    let host = said("rustc", &["--print=host-tuple"]);
    let words = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host.trim()];
    let metadata: serde_json::Value =
        serde_json::from_str(&said(env!("CARGO"), &words)).expect("what cargo knows of the dependencies");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "tower-http").expect("a dependency");
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    let mut known = BTreeSet::new();
    layers_in(&manifest.with_file_name("src"), &mut known);
    let listed: BTreeSet<String> = LISTED.iter().chain(LEFT_OUT).map(|name| (*name).to_owned()).collect();
    assert_eq!(known, listed);
}

fn layers_in(folder: &Path, known: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            layers_in(&path, known);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        for rest in text.split("pub struct ").skip(1) {
            let name = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            if name.ends_with("Layer") {
                known.insert(name.to_owned());
            }
        }
    }
}

/// What axum's users write: all of it in one `ServiceBuilder`.
#[tokio::test]
async fn one_service_builder() {
    let stack = ServiceBuilder::new()
        .layer(headers())
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
        .layer(tower_http::trace::TraceLayer::new_for_http())
        .layer(tower_http::compression::CompressionLayer::new())
        .layer(tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, HOUR))
        .layer(tower_http::cors::CorsLayer::permissive())
        .layer(ring())
        .layer(RequireAuthLayer::new(Bearer::from_fn(lookup)))
        .layer(tower_http::limit::RequestBodyLimitLayer::new(4_096))
        .layer(tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, HOUR));
    let app = Router::new().route("/", get(async || "hello")).layer(stack.clone());
    assert_eq!(ask(serve(TowerToHyperService::new(app)).await).await, [200, 401]);
    let service = stack.service(Hello);
    assert_eq!(ask(serve(TowerToHyperService::new(boxed(service))).await).await, [200, 401]);
}

/// What tower-http has to be behind the check: no layers, but their bodies are of yet other kinds.
#[tokio::test]
async fn services_inside() {
    macro_rules! inside {
        ($service:expr, $status:literal) => {
            let service = sandwich!(tower_http::cors::CorsLayer::permissive()).service($service);
            assert_eq!(ask(serve(TowerToHyperService::new(boxed(service))).await).await, [$status, 401]);
            let app =
                Router::new().fallback_service($service).layer(sandwich!(tower_http::cors::CorsLayer::permissive()));
            assert_eq!(ask(serve(TowerToHyperService::new(app)).await).await, [$status, 401]);
        };
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    inside!(ServeDir::new(here).append_index_html_on_directories(false), 404);
    inside!(ServeFile::new(here.join("Cargo.toml")), 200);
    inside!(Redirect::<Full<Bytes>>::temporary("/elsewhere".parse().expect("a URI")), 307);
}

/// Greets whatever the layers around have made of the request's body.
#[derive(Clone)]
struct Hello;

impl<B> tower::Service<Request<B>> for Hello {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(Full::from("hello"))))
    }
}

type Boxed = BoxCloneSyncService<Request<Incoming>, Response<UnsyncBoxBody<Bytes, Unreadable>>, Infallible>;

#[derive(Debug)]
struct Unreadable(BoxError);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unreadable {}

/// What hyper asks of a service, in one type, so that there is one server to compile.
fn boxed<S, B>(service: S) -> Boxed
where
    S: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let service = service.map_response(|response| {
        response.map(|body| UnsyncBoxBody::new(body.map_err(|error| Unreadable(error.into()))))
    });
    BoxCloneSyncService::new(service)
}

/// The statuses with a good token and with none.
async fn ask(addr: SocketAddr) -> [u16; 2] {
    exchange(addr, || Request::get(format!("http://{addr}/"))).await.map(|(status, _)| status)
}

/// The same of a gRPC method, with the status that HTTP would have had.
async fn call(addr: SocketAddr) -> [u16; 2] {
    let check = || {
        Request::post(format!("http://{addr}/grpc.health.v1.Health/Check"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
    };
    exchange(addr, check).await.map(|told| match told {
        (200, Some(status)) if status == "0" => 200,
        (200, Some(status)) if status == "16" => 401,
        (status, _) => status,
    })
}

/// A request with a good token and one with none, over HTTP/2.
async fn exchange(addr: SocketAddr, request: impl Fn() -> request::Builder) -> [(u16, Option<HeaderValue>); 2] {
    let io = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
    tokio::spawn(connection);
    let send = async |request: request::Builder| {
        // To a gRPC method an empty message, to the others some body.
        let request = request.body(Full::new(Bytes::from_static(&[0; 5]))).expect("a request");
        let response = client.clone().send_request(request).await.expect("a response");
        assert_eq!(response.headers().get_all("x-frame-options").iter().count(), 1, "{response:?}");
        let (parts, body) = response.into_parts();
        let trailers = body.collect().await.expect("a body").trailers().cloned().unwrap_or_default();
        let status = parts.headers.get("grpc-status").or_else(|| trailers.get("grpc-status")).cloned();
        (parts.status.as_u16(), status)
    };
    [send(request().header(AUTHORIZATION, "Bearer abc")).await, send(request()).await]
}
