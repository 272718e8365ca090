//! Which paths need a token: public and protected ones, and preflights.

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use sallet_core::auth::{Key, Keyring};
use sallet_core::digest_hex;
use sallet_hyper::{Bearer, Layer, Principal, RequireAuthLayer};
use tower::{ServiceExt, service_fn};

use super::log::Log;
use super::server::{Answer, text};

/// The token is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k-1", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

async fn whoami(request: Request<()>) -> Answer {
    Ok(text(request.extensions().get::<Principal>().map_or_else(String::new, |who| who.id().to_owned())))
}

fn request(path: &str) -> Request<()> {
    Request::post(path).body(()).expect("a request")
}

#[tokio::test]
async fn public_rules_add_up() {
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/a"]).public(vec![String::from("/b/*")]);
    for (path, status) in [("/a", 200), ("/b/c", 200), ("/c", 401)] {
        let response = layer.layer(service_fn(whoami)).oneshot(request(path)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

/// `GET /feed` opens a response, not a conversation.
#[tokio::test]
async fn a_rule_with_a_method_opens_no_websocket() {
    let service = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["GET /feed", "/chat"]).layer(service_fn(whoami));
    for (path, upgrades, status) in [
        ("/feed", &[][..], 200),
        ("/feed", &["h2c"], 200),
        ("/feed", &["websocket"], 401),
        ("/feed", &["h2c, WebSocket"], 401),
        // Lines of one name are one list (RFC 9110 section 5.3).
        ("/feed", &["h2c", "websocket"], 401),
        ("/feed", &["websocket", "h2c"], 401),
        ("/chat", &["websocket"], 200),
    ] {
        let request = upgrades.iter().fold(Request::get(path), |request, line| request.header("upgrade", *line));
        let response = service.clone().oneshot(request.body(()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{path} {upgrades:?}");
    }
}

/// Whoever writes three fields could else call a handler for every method, and any method of a tonic service.
#[tokio::test]
async fn a_preflight_passes_only_where_it_was_said() {
    let preflight = || {
        Request::options("/")
            .header("origin", "https://x.example")
            .header("access-control-request-method", "GET")
            .body(())
            .unwrap()
    };
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS));
    let shut = layer.clone().layer(service_fn(whoami));
    assert_eq!(shut.oneshot(preflight()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let elsewhere = layer.clone().preflights(["/x", "/y/*"]).layer(service_fn(whoami));
    assert_eq!(elsewhere.oneshot(preflight()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let open = layer.preflights(["/x"]).preflights(["/*"]).layer(service_fn(whoami));
    assert_eq!(open.clone().oneshot(preflight()).await.unwrap().status(), StatusCode::OK);
    assert_eq!(open.oneshot(Request::options("/").body(()).unwrap()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

/// Named in any spelling, and in doubt.
#[tokio::test]
async fn protected_paths_and_their_exceptions() {
    let auth = RequireAuthLayer::new(Bearer::new(&KEYS));
    let some = auth.clone().protected(["/api"]).protected(vec![String::from("/admin/*")]);
    let but = some.clone().public(["GET /api/health", "/other/*"]);
    for (method, path, status, but_status) in [
        (Method::GET, "/", 200, 200),
        (Method::GET, "/other/x", 200, 200),
        (Method::GET, "/apis", 200, 200),
        (Method::GET, "/api", 401, 401),
        (Method::GET, "/api/", 401, 401),
        (Method::GET, "/API/x", 401, 401),
        (Method::GET, "/api/health", 401, 200),
        (Method::POST, "/api/health", 401, 401),
        (Method::GET, "/api/health/", 401, 401),
        (Method::GET, "/admin/x", 401, 401),
        (Method::GET, "/%61pi/x", 401, 401),
        (Method::GET, "//api", 401, 401),
        (Method::GET, "/x/..%2fapi", 401, 401),
        (Method::GET, "/other;x", 401, 401),
    ] {
        for (layer, status) in [(&some, status), (&but, but_status)] {
            let request = Request::builder().method(method.clone()).uri(path).body(()).unwrap();
            let response = layer.layer(service_fn(whoami)).oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{method} {path}");
        }
    }
    // With a token everybody passes where one is needed, and is known.
    let request = Request::get("/api").header("authorization", "Bearer abc").body(()).unwrap();
    let response = some.layer(service_fn(whoami)).oneshot(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "k-1");
}

/// A rule in the old form would be a surprise: it opens one path, and says so.
#[tokio::test(flavor = "current_thread")]
async fn what_is_open_is_told_once() {
    let (log, _guard) = Log::listen();
    let layer =
        RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/", "/static/"]).protected(["/api"]).preflights(["/*"]);
    for _ in 0..2 {
        layer.layer(service_fn(whoami)).oneshot(request("/")).await.unwrap();
    }
    assert_eq!(
        log.lines(),
        [
            r#"INFO sallet: public: /, /static/"#,
            r#"WARN sallet: "/static/" is that path alone: write "/static/*" for everything below"#,
            r#"INFO sallet: protected, and everything else open: /api"#,
            r#"INFO sallet: open to preflights: /*"#,
        ]
    );
}
