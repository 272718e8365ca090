//! What the auth layer does beyond the shared table.

use std::convert::Infallible;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Version, header::AUTHORIZATION};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, KeyChange, KeyTableBuilder, Keyring, KeyringError, Refusal, Scopes};
use sallet_core::digest_hex;
use sallet_core::secret::Digest;
use sallet_hyper::require_auth::{Keys, ResponseBody, Ring};
use sallet_hyper::{Bearer, Layer, OwnedKeyring, PresentedToken, Principal, RequireAuthLayer, User};
use tower::{Service, ServiceExt, service_fn};

use super::server::{Answer, text};

/// The token is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k-1", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        .principal("kim")
        .scopes("a b")]);

fn request(path: &str, token: Option<&str>) -> Request<()> {
    let request = Request::post(path);
    match token {
        Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    }
    .body(())
    .expect("a request")
}

async fn whoami(request: Request<()>) -> Answer {
    Ok(text(request.extensions().get::<Principal>().map_or_else(String::new, |who| format!("{who:?}"))))
}

async fn body(response: Response<ResponseBody<Full<Bytes>>>) -> String {
    String::from_utf8(response.into_body().collect().await.expect("a body").to_bytes().to_vec()).expect("text")
}

fn owned(ids: &[&str]) -> Result<OwnedKeyring, KeyringError> {
    let key = |id: &&str| Key {
        id: (*id).to_owned(),
        principal: "kim".to_owned(),
        scopes: "a".to_owned(),
        not_before: None,
        not_after: None,
        digest: Digest::of(format!("token-of-{id}").as_bytes()),
    };
    OwnedKeyring::try_new(ids.iter().map(key).collect())
}

#[tokio::test]
async fn principals_of_every_kind_of_ring() {
    struct Mine(Mutex<Arc<OwnedKeyring>>);

    impl Keys for Mine {
        fn current(&self) -> Ring {
            Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
        }
    }

    async fn check<K: Keys>(keys: K, token: &str, expected: &str) {
        let service = RequireAuthLayer::new(Bearer::new(keys)).layer(service_fn(whoami));
        let response = service.oneshot(request("/", Some(token))).await.unwrap();
        assert_eq!(body(response).await, expected);
    }

    check(&KEYS, "abc", r#"Principal { id: "k-1", name: "kim", scopes: "a b" }"#).await;
    let ring = Arc::new(owned(&["x", "y"]).unwrap());
    let expected = r#"Principal { id: "y", name: "kim", scopes: "a" }"#;
    check(Arc::clone(&ring), "token-of-y", expected).await;
    check(Arc::new(ArcSwap::new(Arc::clone(&ring))), "token-of-y", expected).await;
    check(Arc::new(Mine(Mutex::new(Arc::clone(&ring)))), "token-of-y", expected).await;
    let mut rows = KeyTableBuilder::new();
    ring.keys().iter().for_each(|key| rows.push(&key.borrowed()));
    let table = rows.finish().unwrap();
    check(Arc::new(table.clone()), "token-of-y", expected).await;
    check(Arc::new(ArcSwap::from_pointee(table.clone())), "token-of-y", expected).await;
    let (later, _) = table.with_changes([KeyChange::Remove("y")]);
    check(Arc::new(later), "token-of-y", r#"{"detail":"The credentials are not valid"}"#).await;
}

#[tokio::test]
async fn each_of_many_tokens_has_its_own_principal() {
    let ids: Vec<String> = (0..16).map(|at| format!("k{at}")).collect();
    let ring = Arc::new(owned(&ids.iter().map(|id| &**id).collect::<Vec<_>>()).unwrap());
    let service = RequireAuthLayer::new(Bearer::new(ring)).layer(service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(text(request.extensions().get::<Principal>().expect("a principal").id().to_owned()))
    }));
    for id in ids {
        let response = service.clone().oneshot(request("/", Some(&format!("token-of-{id}")))).await.unwrap();
        assert_eq!(body(response).await, id);
    }
}

#[tokio::test]
async fn keys_are_swapped_under_a_running_service() {
    let ring = Arc::new(ArcSwap::from_pointee(owned(&["x"]).unwrap()));
    let service =
        RequireAuthLayer::new(Bearer::new(Arc::clone(&ring))).layer(service_fn(async |request: Request<()>| {
            Ok::<_, Infallible>(Response::new(request.extensions().get::<Principal>().cloned()))
        }));
    let ask = async |token: &str| service.clone().oneshot(request("/", Some(token))).await.unwrap();

    let admitted = ask("token-of-x").await;
    assert_eq!(ask("token-of-y").await.status(), StatusCode::UNAUTHORIZED);
    ring.store(Arc::new(owned(&["y"]).unwrap()));
    assert_eq!(ask("token-of-x").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask("token-of-y").await.status(), StatusCode::OK);
    // A ring that is refused is never stored, and whoever came in with the old one is still who they were.
    assert!(owned(&["z", "z"]).is_err());
    // The last key can be taken out.
    ring.store(Arc::new(owned(&[]).unwrap()));
    assert_eq!(ask("token-of-y").await.status(), StatusCode::UNAUTHORIZED);
    let (_, body) = admitted.into_parts();
    drop(body);
}

/// The principal is a snapshot.
#[tokio::test]
async fn a_principal_outlives_its_ring() {
    let kept: Arc<Mutex<Option<Principal>>> = Arc::default();
    let ring = Arc::new(ArcSwap::from_pointee(owned(&["x"]).unwrap()));
    let keep = Arc::clone(&kept);
    let service =
        RequireAuthLayer::new(Bearer::new(Arc::clone(&ring))).layer(service_fn(move |request: Request<()>| {
            *keep.lock().unwrap() = request.extensions().get().cloned();
            std::future::ready(Ok::<_, Infallible>(text("")))
        }));
    service.oneshot(request("/", Some("token-of-x"))).await.unwrap();
    ring.store(Arc::new(owned(&["y"]).unwrap()));
    drop(ring);
    let who = kept.lock().unwrap().take().expect("a principal");
    assert_eq!((who.id(), who.name()), ("x", "kim"));
    assert!(who.scopes().contains_all(Scopes::new("a")) && !who.scopes().contains("b"));
}

#[tokio::test]
async fn authorization_is_marked_on_the_way_in() {
    async fn marked(request: Request<()>) -> Answer {
        let lines: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().map(|line| line.is_sensitive()).collect();
        Ok(text(format!("{lines:?}")))
    }

    let service = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/open"]).layer(service_fn(marked));
    let admitted = service.clone().oneshot(request("/", Some("abc"))).await.unwrap();
    assert_eq!(body(admitted).await, "[true]");
    let mut two = request("/open", Some("abc"));
    two.headers_mut().append(AUTHORIZATION, "Bearer x".parse().unwrap());
    assert_eq!(body(service.clone().oneshot(two).await.unwrap()).await, "[true, true]");
    assert_eq!(body(service.oneshot(request("/open", None)).await.unwrap()).await, "[]");
}

#[tokio::test]
async fn a_route_can_ask_for_more() {
    let outer = RequireAuthLayer::new(Bearer::new(&KEYS).scopes("a"));
    let inner = RequireAuthLayer::new(Bearer::new(&KEYS).realm("inner").scopes("a c"));
    let response = outer.layer(inner.layer(service_fn(whoami))).oneshot(request("/", Some("abc"))).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        response.headers()["www-authenticate"],
        r#"Bearer realm="inner", error="insufficient_scope", scope="a c""#
    );
}

#[derive(Clone)]
struct Account(String);

impl User for Account {}

async fn lookup(token: PresentedToken) -> Result<Account, Refusal> {
    assert_eq!(format!("{token:?}"), "PresentedToken(..)");
    tokio::task::yield_now().await;
    match token.as_str() {
        "down" => Err(Refusal::Unavailable),
        "poor" => Err(Refusal::InsufficientScope),
        "abc" => Ok(Account("kim".to_owned())),
        _ => Err(Refusal::InvalidToken),
    }
}

#[tokio::test]
async fn tokens_that_a_function_looks_up() {
    let inner = service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(text(request.extensions().get::<Account>().map_or_else(String::new, |user| user.0.clone())))
    });
    let layer = RequireAuthLayer::new(Bearer::from_fn(lookup).realm("db")).public(["/open"]);
    let (service, hyper) = (layer.layer(inner), layer.layer(TowerToHyperService::new(inner)));
    for (path, token, status, challenge, said) in [
        ("/", Some("abc"), 200, None, "kim"),
        ("/", None, 401, Some(r#"Bearer realm="db""#), r#"{"detail":"Not authenticated"}"#),
        (
            "/",
            Some("no"),
            401,
            Some(r#"Bearer realm="db", error="invalid_token""#),
            r#"{"detail":"The credentials are not valid"}"#,
        ),
        (
            "/",
            Some("poor"),
            403,
            Some(r#"Bearer realm="db", error="insufficient_scope""#),
            r#"{"detail":"The credentials do not have the required scope"}"#,
        ),
        ("/", Some("down"), 503, None, r#"{"detail":"Credentials cannot be checked just now, try again later"}"#),
        ("/open", Some("down"), 200, None, ""),
        ("/open", Some("abc"), 200, None, "kim"),
    ] {
        let response = service.clone().oneshot(request(path, token)).await.unwrap();
        assert_eq!(response.status(), status, "{path} {token:?}");
        assert_eq!(response.headers().get("www-authenticate").map(|value| value.to_str().unwrap()), challenge);
        if status != 200 {
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
        assert_eq!(body(response).await, said, "{path} {token:?}");
        // hyper's trait, and the method whose answer has no body.
        for method in [Method::POST, Method::HEAD] {
            let mut request = request(path, token);
            *request.method_mut() = method.clone();
            let response = hyper::service::Service::call(&hyper, request).await.unwrap();
            assert_eq!(response.status(), status, "{method} {path} {token:?} through hyper");
            let no_body = method == Method::HEAD && status != 200;
            assert_eq!(
                body(response).await,
                if no_body { "" } else { said },
                "{method} {path} {token:?} through hyper"
            );
        }
    }
    // The whole line is not the token, and a malformed one is not looked up.
    let spaces = Request::get("/").header(AUTHORIZATION, "bearer   abc").body(()).unwrap();
    assert_eq!(body(service.clone().oneshot(spaces).await.unwrap()).await, "kim");
    let malformed = Request::get("/").header(AUTHORIZATION, "Bearer a b").body(()).unwrap();
    assert_eq!(service.oneshot(malformed).await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_lookup() {
    struct Ends(Arc<AtomicBool>);

    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let ended = Arc::new(AtomicBool::new(false));
    let guard = Arc::clone(&ended);
    let bearer = Bearer::from_fn(move |_: PresentedToken| {
        let ends = Ends(Arc::clone(&guard));
        async move {
            let _ends = ends;
            std::future::pending::<Result<Account, Refusal>>().await
        }
    });
    let mut service = RequireAuthLayer::new(bearer).layer(service_fn(whoami));
    let mut waiting = Box::pin(service.call(request("/", Some("abc"))));
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
    assert!(!ended.load(Ordering::Relaxed));
    drop(waiting);
    assert!(ended.load(Ordering::Relaxed));
}

#[tokio::test]
async fn grpc_gets_trailers_only() {
    let layer = RequireAuthLayer::new(Bearer::from_fn(lookup)).on_refusal(|_, _| Some(Response::new("own")));
    let service = layer.grpc().layer(service_fn(whoami));
    for (token, status, message) in [
        (None, "16", "Not authenticated"),
        (Some("no"), "16", "The credentials are not valid"),
        (Some("a b"), "16", "The credentials cannot be read: look for a space, a comma or a missing quote in them"),
        (Some("poor"), "7", "The credentials do not have the required scope"),
        (Some("down"), "14", "Credentials cannot be checked just now, try again later"),
    ] {
        let mut request = request("/", token);
        request.headers_mut().insert("content-type", "application/grpc+proto".parse().unwrap());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/grpc");
        assert_eq!(response.headers()["grpc-status"], status);
        assert_eq!(response.headers()["grpc-message"], message);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(response.body().is_end_stream(), "one block of fields, and no trailers");
    }
}

/// A gRPC refusal has status 200. A proxy that asks whether a request may pass would take it for a yes, so only what is said to
/// be gRPC and can be gets one: no GET, and nothing over HTTP/1.
#[tokio::test]
async fn naming_grpc_does_not_turn_a_refusal_into_a_200() {
    let plain = RequireAuthLayer::new(Bearer::new(&KEYS));
    for (grpc, method, version) in [
        (true, Method::GET, Version::HTTP_2),
        (true, Method::POST, Version::HTTP_11),
        (true, Method::HEAD, Version::HTTP_2),
        (true, Method::GET, Version::HTTP_10),
        (false, Method::POST, Version::HTTP_2),
    ] {
        let layer = if grpc { plain.clone().grpc() } else { plain.clone() };
        let service = layer.layer(service_fn(whoami));
        let mut request = request("/", None);
        request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        (*request.method_mut(), *request.version_mut()) = (method.clone(), version);
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {version:?}");
        let (tells, json) = (grpc && method != Method::HEAD, !grpc);
        assert_eq!(response.body().is_end_stream(), !json, "{method} {version:?}: no JSON where gRPC was named");
        assert_eq!(response.headers().contains_key("grpc-status"), tells, "{method} {version:?}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS).realm("r").scopes("a")).public(["/open"]);
    let printed = format!("{layer:?} {:?} {:?}", layer.layer(()), Ring::from(&KEYS));
    assert!(printed.contains("k-1") && printed.contains("/open"), "{printed}");
    assert!(!printed.contains("ba7816bf") && !printed.contains("Digest"), "{printed}");
}

#[test]
fn mistakes_are_told_when_the_layer_is_made() {
    fn told<V: 'static>(make: fn() -> V) -> String {
        let Err(panic) = catch_unwind(make) else { panic!("no mistake") };
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    }
    assert!(told(|| Bearer::new(&KEYS).realm("two\r\nlines")).contains("realm"));
    assert!(told(|| Bearer::new(&KEYS).scopes("a  b")).contains("exactly one space"));
    assert!(told(|| RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/a?b"])).contains("no query"));
}
