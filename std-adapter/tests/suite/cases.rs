//! The table of cases that all hosts share, through a hyper server.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::panic::{UnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::NestedPath;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, Keyring};
use sallet_core::secret::Digest;
use sallet_core::{CustomField, Scheme, SecurityHeaders, Source, digest_hex};
use sallet_hyper::require_auth::{Auth, Verify};
use sallet_hyper::{
    ApiKey, Basic, Bearer, Layer, OwnedKeyring, Principal, RequestNonce, RequireAuthLayer, SecurityHeadersLayer,
};
use serde_json::Value;
use tokio::net::TcpStream;

use super::client::{Raw, get, one};
use super::log::Log;
use super::server::{Answer, serve, text};

const HEADERS: &str = include_str!("../../../cases/headers.json");
const AUTH: &str = include_str!("../../../cases/auth.json");
const PATHS: &str = include_str!("../../../cases/paths.json");

/// Added by the server, whatever the app and the policy say.
const OF_THE_SERVER: [&str; 4] = ["date", "content-length", "connection", "transfer-encoding"];

fn pairs(value: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| (string(&pair[0]), string(&pair[1]));
    value.as_array().map(|all| all.iter().map(pair).collect()).unwrap_or_default()
}

fn string(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().map(|all| all.iter().map(string).collect()).unwrap_or_default()
}

/// Fields of one name keep their order; those of different names need not.
fn sorted(mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
    fields.retain(|(name, _)| !OF_THE_SERVER.contains(&&**name));
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    fields
}

fn with_policy<R>(spec: &Value, then: impl FnOnce(&SecurityHeaders<'_>) -> R) -> R {
    let mut presets = SecurityHeaders::PRESETS.iter();
    let (_, preset) = *presets.find(|(name, _)| spec["preset"] == *name).expect("a preset");
    let set: Vec<(String, Option<String>)> = spec["set"].as_object().map_or_else(Vec::new, |set| {
        let text = |value: &Value| value.as_str().map(|text| text.replace("'nonce'", Source::NONCE.as_str()));
        set.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    });
    let policy = set.iter().fold(preset, |policy, (name, value)| {
        match value {
            Some(value) => policy.with(name, value),
            None => policy.without(name),
        }
        .unwrap_or_else(|error| panic!("{name}: {error}"))
    });
    let custom: Vec<(&str, &str)> = spec["custom"].as_object().map_or_else(Vec::new, |custom| {
        custom.iter().map(|(name, value)| (&**name, value.as_str().expect("a string"))).collect()
    });
    let custom: Vec<_> = custom.iter().map(|(name, value)| CustomField::new(name, value)).collect();
    then(&policy.try_custom(&custom).expect("custom fields"))
}

fn layer(case: &Value) -> SecurityHeadersLayer {
    let mut layer = with_policy(&case["policy"], |policy| match &case["override"] {
        Value::Bool(true) => SecurityHeadersLayer::overriding(policy),
        Value::String(add) if add == "add" => SecurityHeadersLayer::adding(policy),
        _ => SecurityHeadersLayer::new(policy),
    });
    for (rule, policy) in case["paths"].as_object().into_iter().flatten() {
        layer = with_policy(policy, |policy| layer.path(rule, policy));
    }
    if case["scheme"] == "https" {
        layer = layer.scheme(Scheme::Https);
    }
    if !case["remove"].is_null() {
        layer = layer.remove(strings(&case["remove"]).iter().map(|name| name.parse().expect("a name")));
    }
    layer
}

/// An app that answers with what the case says, and with the nonce it saw in the body.
fn app(
    case: &Value,
) -> impl hyper::service::Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let status = case["status"].as_u64().map_or(200, |status| u16::try_from(status).expect("a status"));
    let fields = pairs(&case["app"]);
    service_fn(move |request: Request<Incoming>| {
        let nonce = request.extensions().get::<RequestNonce>().map_or_else(String::new, RequestNonce::to_string);
        let mut response = text(nonce);
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        for (name, value) in &fields {
            response.headers_mut().append(
                HeaderName::from_bytes(name.as_bytes()).expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            );
        }
        ready(Ok::<_, Infallible>(response))
    })
}

#[tokio::test]
async fn headers() {
    let table: Value = serde_json::from_str(HEADERS).expect("JSON");
    let cases = table["cases"].as_array().expect("cases");
    assert!(cases.len() >= 106);
    for case in cases {
        let addr = match &case["inside"] {
            Value::Null => serve(layer(case).layer(app(case))).await,
            inside => serve(layer(case).layer(layer(inside).layer(app(case)))).await,
        };
        let method = case["method"].as_str().unwrap_or("GET");
        let path = case["path"].as_str().unwrap_or("/");

        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let raw = one(addr, head.as_bytes()).await;
        same(case, "HTTP/1.1", &raw.fields, &raw.body);

        let (fields, body) = over_http2(addr, method, path).await;
        same(case, "HTTP/2", &fields, &body);
    }
}

async fn over_http2(addr: SocketAddr, method: &str, path: &str) -> (Vec<(String, String)>, Vec<u8>) {
    let io = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
    tokio::spawn(connection);
    let request = Request::builder().method(method).uri(format!("http://x{path}")).body(Empty::<Bytes>::new());
    let response = client.send_request(request.expect("a request")).await.expect("a response");
    let field = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().expect("ASCII").to_owned())
    };
    let fields = response.headers().iter().map(field).collect();
    (fields, response.into_body().collect().await.expect("a body").to_bytes().to_vec())
}

fn same(case: &Value, protocol: &str, fields: &[(String, String)], body: &[u8]) {
    let nonce = std::str::from_utf8(body).expect("a nonce");
    let expected = pairs(&case["expect"]);
    let expected =
        expected.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.replace("{nonce}", nonce)));
    assert_eq!(sorted(fields.to_vec()), sorted(expected.collect()), "{} over {protocol}", case["name"]);
}

static NOW: AtomicU64 = AtomicU64::new(0);

fn keys(table: &Value) -> Arc<OwnedKeyring> {
    let key = |key: &Value| Key {
        id: string(&key["id"]),
        principal: string(&key["principal"]),
        scopes: string(&key["scopes"]),
        not_before: key["not_before"].as_u64(),
        not_after: key["not_after"].as_u64(),
        digest: Digest::from_hex(key["sha256"].as_str().expect("hex")).expect("a digest"),
    };
    let keys = table["keys"].as_array().expect("keys").iter().map(key).collect();
    Arc::new(OwnedKeyring::try_new(keys).expect("a keyring"))
}

type Keys = Arc<OwnedKeyring>;

/// A scheme of `auth`: its name, or an object of that and its options.
fn scheme(spec: &Value, case: &Value, keys: &Keys) -> Auth<Keys> {
    let keys = Arc::clone(keys);
    let auth = match spec.as_str().or(spec["scheme"].as_str()) {
        Some("bearer") => Bearer::new(keys),
        Some("basic") => Basic::new(keys),
        Some("api-key") => ApiKey::new(keys),
        other => panic!("{other:?}"),
    };
    let auth = auth.realm(case["realm"].as_str().unwrap_or("items")).scopes(case["scopes"].as_str().unwrap_or(""));
    let auth = match case["now"].as_u64() {
        Some(now) => {
            NOW.store(now, Ordering::Relaxed);
            auth.clock(|| NOW.load(Ordering::Relaxed))
        }
        None => auth,
    };
    let options = spec.as_object().into_iter().flatten();
    options.fold(auth, |auth, (name, value)| match (&**name, value.as_str().unwrap_or_default()) {
        ("scheme", _) => auth,
        ("word", word) => auth.word(word),
        ("header", name) => auth.header(name),
        ("query", name) => auth.query(name),
        ("subprotocol", name) => auth.websocket_subprotocol(name),
        ("resource_metadata", url) => auth.resource_metadata(url),
        ("max_len", _) => auth.max_length(usize::try_from(value.as_u64().expect("a number")).expect("a length")),
        ("cross_site", _) => auth.cross_site(value == true),
        other => panic!("{other:?}"),
    })
}

/// Says whom it sees, and tells caches what the case has it tell them.
fn whoami(
    case: &Value,
) -> impl Fn(Request<Incoming>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> + Clone + use<> {
    let caching = pairs(&case["caching"]);
    move |request| {
        let who = request.extensions().get::<Principal>();
        let mut response = text(who.map_or_else(String::new, |who| format!("{}/{}", who.id(), who.name())));
        for (name, value) in &caching {
            let name: HeaderName = name.parse().expect("a name");
            response.headers_mut().append(name, value.parse().expect("a value"));
        }
        ready(Ok(response))
    }
}

async fn one_case<V>(layer: RequireAuthLayer<V>, case: &Value)
where
    V: Verify + Send + Sync + 'static,
    V::Later: Send,
{
    let layer = layer.preflights(strings(&case["preflights"])).public(strings(&case["public"]));
    let hyper = serve(layer.layer(service_fn(whoami(case)))).await;
    let tower = serve(TowerToHyperService::new(layer.layer(tower::service_fn(whoami(case))))).await;
    for (addr, side) in [(hyper, "hyper"), (tower, "tower")] {
        let (log, listening) = Log::listen();
        let raw = one(addr, &request(case)).await;
        drop(listening);
        same_answer(case, &raw, side);
        let told = log.lines().iter().filter(|line| line.contains("not admitted")).cloned().collect::<Vec<_>>();
        let reason = case["expect"]["reason"].as_str();
        assert_eq!(told.len(), usize::from(reason.is_some()), "{told:?}");
        let is_told = |line: &String| reason.is_some_and(|reason| line.contains(&format!("reason={reason}")));
        assert!(told.iter().all(is_told), "{}: {told:?}", case["name"]);
        as_head(case, addr, &raw).await;
    }
}

#[tokio::test]
async fn auth() {
    let table: Value = serde_json::from_str(AUTH).expect("JSON");
    let keys = keys(&table);
    let cases = table["cases"].as_array().expect("cases");
    assert!(cases.len() >= 400);
    let bearer = Value::from("bearer");
    for case in cases {
        let schemes = case["auth"].as_array().map_or(std::slice::from_ref(&bearer), Vec::as_slice);
        let scheme = |at: usize| scheme(&schemes[at], case, &keys);
        let first = RequireAuthLayer::new(scheme(0));
        match schemes.len() {
            1 => one_case(first, case).await,
            2 => one_case(first.or(scheme(1)), case).await,
            3 => one_case(first.or(scheme(1)).or(scheme(2)), case).await,
            more => panic!("{more} schemes"),
        }
    }
}

fn truth(value: &Value) -> Option<bool> {
    value.as_bool()
}

/// `None` where the rule is refused for that use.
fn made<L>(make: impl FnOnce() -> L + UnwindSafe) -> Option<L> {
    catch_unwind(make).ok()
}

/// Nobody has the token.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

#[tokio::test]
async fn paths() {
    async fn fine(_: Request<Incoming>) -> Answer {
        Ok(text("fine"))
    }

    let auth = || RequireAuthLayer::new(Bearer::new(&KEYS));
    let table: Value = serde_json::from_str(PATHS).expect("JSON");
    let rows = |section: &str| table[section].as_array().expect("rows").clone();
    let mut seen = 0;
    for row in rows("raw") {
        seen += 1;
        let (rule, method, path) = (string(&row[0]), string(&row[1]), string(&row[2]));
        let head = match &*method {
            "" => format!("GET {path} HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade, close\r\nhost: x\r\n\r\n"),
            method => format!("{method} {path} HTTP/1.1\r\nconnection: close\r\nhost: x\r\n\r\n"),
        };
        let open = async |layer: RequireAuthLayer<&'static Keyring>| {
            one(serve(layer.layer(service_fn(fine))).await, head.as_bytes()).await.status == 200
        };
        let public = made(|| auth().public([&rule]));
        let public = match public {
            Some(layer) => Some(open(layer).await),
            None => None,
        };
        assert_eq!(public, truth(&row[3]), "public: {row}");
        let protected = match made(|| auth().protected([&rule])) {
            Some(layer) => Some(!open(layer).await),
            None => None,
        };
        assert_eq!(protected, truth(&row[4]), "protected: {row}");
        if method.is_empty() {
            continue;
        }
        let layer = SecurityHeadersLayer::new(&SecurityHeaders::EMPTY).path(&rule, &SecurityHeaders::API);
        let raw = one(serve(layer.layer(service_fn(fine))).await, head.as_bytes()).await;
        // What hyper does not read reaches no layer.
        if raw.status != 400 {
            assert_eq!(Some(raw.all("x-frame-options").len() == 1), truth(&row[5]), "policy: {row}");
        }
    }
    assert!(seen > 80);
    for row in rows("both") {
        let Some(layer) = made(|| auth().public(strings(&row[0])).protected(strings(&row[1]))) else {
            assert!(row[3].is_null(), "{row}");
            continue;
        };
        let raw = get(serve(layer.layer(service_fn(fine))).await, &string(&row[2]), "").await;
        assert_eq!(Some(raw.status == 200), truth(&row[3]), "{row}");
    }
    for (section, auth) in [("nested", auth().nested()), ("sent", auth())] {
        for row in rows(section) {
            let (rule, sent, inner) = (string(&row[0]), string(&row[1]), string(&row[2]));
            let nest = nested_path(&sent, &inner).await;
            let open = async |layer: RequireAuthLayer<&'static Keyring>| {
                let mut request = Request::get(&inner).body(()).expect("a request");
                request.extensions_mut().insert(axum::extract::OriginalUri(sent.parse().expect("a path")));
                request.extensions_mut().insert(nest.clone());
                let service = tower::service_fn(async |_: Request<()>| Ok::<_, Infallible>(text("fine")));
                let response = tower::ServiceExt::oneshot(layer.layer(service), request).await.expect("a response");
                response.status() == StatusCode::OK
            };
            assert_eq!(Some(open(auth.clone().public([&rule])).await), truth(&row[3]), "public: {section} {row}");
            assert_eq!(
                Some(!open(auth.clone().protected([&rule])).await),
                truth(&row[4]),
                "protected: {section} {row}"
            );
        }
    }
    for rule in strings(&table["refused"]) {
        assert!(made(|| auth().public([&rule])).is_none(), "{rule:?}");
        assert!(
            made(|| SecurityHeadersLayer::new(&SecurityHeaders::EMPTY).path(&rule, &SecurityHeaders::EMPTY)).is_none(),
            "{rule:?}"
        );
    }
}

/// What a nest that takes the beginning of `sent` off leaves in its requests: nobody but a router can make one.
async fn nested_path(sent: &str, inner: &str) -> NestedPath {
    let first = || sent.get(..=sent[1..].find('/').unwrap_or(sent.len() - 1)).unwrap_or(sent);
    let prefix = sent.strip_suffix(inner).unwrap_or_else(first).trim_end_matches('/');
    let within = tower::service_fn(async |request: Request<axum::body::Body>| {
        let mut response = Response::new(axum::body::Body::empty());
        response.extensions_mut().extend(request.extensions().clone());
        Ok::<_, Infallible>(response)
    });
    let app: axum::Router = axum::Router::new().nest_service(prefix, within);
    let request = Request::get(format!("{prefix}/x")).body(axum::body::Body::empty()).expect("a request");
    let response = tower::ServiceExt::oneshot(app, request).await.expect("a response");
    response.extensions().get::<NestedPath>().expect("the router has put it there").clone()
}

/// A HEAD is judged as the GET that it stands for (RFC 9110 section 9.3.2), and answered without a body.
async fn as_head(case: &Value, addr: SocketAddr, got: &Raw) {
    let Some(rest) = request(case).strip_prefix(b"GET ").map(<[u8]>::to_vec) else { return };
    let head = one(addr, &[b"HEAD ", &*rest].concat()).await;
    let decided = |raw: &Raw| {
        let all = |name| raw.all(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
        // hyper leaves the length of an empty page out.
        let length = if raw.status == 200 { vec![] } else { all("content-length") };
        (raw.status, all("www-authenticate"), length)
    };
    assert_eq!(decided(&head), decided(got), "{} as a HEAD", case["name"]);
}

/// The characters of the table are Latin-1.
fn request(case: &Value) -> Vec<u8> {
    let method = case["method"].as_str().unwrap_or("GET");
    let path = case["path"].as_str().unwrap_or("/items");
    let fields = pairs(&case["headers"]);
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += "host: x\r\n";
    }
    head += if case["websocket"] == true {
        "upgrade: websocket\r\nconnection: upgrade, close\r\n"
    } else {
        "connection: close\r\n"
    };
    for (name, value) in fields {
        head += &format!("{name}: {value}\r\n");
    }
    for line in strings(&case["authorization"]) {
        head += &format!("authorization: {line}\r\n");
    }
    head += "\r\n";
    head.chars().map(|char| u8::try_from(u32::from(char)).expect("Latin-1")).collect()
}

fn same_answer(case: &Value, raw: &Raw, side: &str) {
    let (name, expect) = (format!("{} on {side}", case["name"]), &case["expect"]);
    assert_eq!(Some(u64::from(raw.status)), expect["status"].as_u64(), "{name}");
    if raw.status == 200 {
        // On a public path a good token is a principal, and where it is none there is nobody.
        let who = if expect["brought"].is_null() { expect } else { &expect["brought"] };
        let who = who["id"].as_str().map(|id| format!("{id}/{}", who["principal"].as_str().expect("a principal")));
        let is_somebody = who.is_some();
        if case["method"] != "HEAD" {
            assert_eq!(String::from_utf8_lossy(&raw.body), who.unwrap_or_default(), "{name}");
        }
        assert_eq!(raw.all("www-authenticate"), [""; 0], "{name}");
        let told = |caching: &Value| {
            let lines = pairs(caching).into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
            sorted(lines.collect())
        };
        let told = match &expect["caching"] {
            Value::Null if is_somebody => vec![("cache-control".to_owned(), "private".to_owned())],
            Value::Null => told(&case["caching"]),
            caching => told(caching),
        };
        let is_caching = |(name, _): &(String, String)| sallet_core::merge::is_caching(name.as_bytes());
        assert_eq!(sorted(raw.fields.iter().filter(|line| is_caching(line)).cloned().collect()), told, "{name}");
        return;
    }
    assert_eq!(raw.all("www-authenticate"), strings(&expect["www-authenticate"]), "{name}");
    assert_eq!(raw.all("cache-control"), ["no-store"], "{name}");
    assert_eq!(raw.all("content-type"), ["application/json"], "{name}");
    let body: Value = serde_json::from_slice(&raw.body).expect("JSON");
    assert_eq!(body, serde_json::json!({ "detail": expect["detail"] }), "{name}");
}
