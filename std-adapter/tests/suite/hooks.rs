//! Functions of the app's own that hear of decisions and answer refusals; credentials on public paths, and hidden ones.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use sallet_core::auth::{AuthScheme, Key, Keyring, Reason, Refusal};
use sallet_core::digest_hex;
use sallet_hyper::require_auth::{Decision, Refused, ResponseBody, Verify};
use sallet_hyper::{Bearer, Denied, Layer, PresentedToken, Principal, RequireAuthLayer, User};
use tower::{ServiceExt, service_fn};

use super::log::Log;
use super::server::{Answer, text};

/// The token is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k-1", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        .principal("kim")]);

fn layer() -> RequireAuthLayer<&'static Keyring> {
    RequireAuthLayer::new(Bearer::new(&KEYS).realm("r")).public(["/open"])
}

/// Says who asked, and whether it sees a credential.
async fn inside(request: Request<()>) -> Answer {
    let who = request.extensions().get::<Principal>().map_or("nobody", Principal::name);
    let seen = request.headers().contains_key("authorization");
    Ok(text(format!("{who} {seen}")))
}

async fn ask<V: Verify>(
    layer: &RequireAuthLayer<V>,
    method: Method,
    path: &str,
    token: Option<&str>,
) -> Response<ResponseBody<Full<Bytes>>> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    layer.layer(service_fn(inside)).oneshot(request.body(()).expect("a request")).await.expect("an answer")
}

async fn body(response: Response<ResponseBody<Full<Bytes>>>) -> String {
    String::from_utf8(response.into_body().collect().await.expect("a body").to_bytes().to_vec()).expect("text")
}

#[tokio::test]
async fn a_public_path_knows_who_brings_a_good_credential() {
    for (token, who) in [(Some("abc"), "kim true"), (Some("abd"), "nobody true"), (None, "nobody false")] {
        let (log, listening) = Log::listen();
        let response = ask(&layer(), Method::GET, "/open", token).await;
        assert_eq!((response.status(), &*body(response).await), (StatusCode::OK, who));
        drop(listening);
        let anonymous = log.lines().iter().filter(|line| line.contains("anonymous")).count();
        assert_eq!(anonymous, usize::from(token == Some("abd")), "{:?}", log.lines());
    }
}

/// Nobody waits in vain at a public path because a database is away.
#[tokio::test]
async fn a_public_path_is_open_whatever_a_look_up_says() {
    #[derive(Clone)]
    struct Anyone;

    impl User for Anyone {}

    for refusal in [Refusal::Unavailable, Refusal::InvalidToken] {
        let bearer = Bearer::from_fn(move |_: PresentedToken| ready(Err::<Anyone, _>(refusal)));
        let layer = RequireAuthLayer::new(bearer).public(["/open"]);
        assert_eq!(ask(&layer, Method::GET, "/open", Some("abc")).await.status(), StatusCode::OK);
        assert_eq!(ask(&layer, Method::GET, "/shut", Some("abc")).await.status(), refusal.status());
    }
}

#[tokio::test]
async fn each_decision_is_told_once() {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let hears = Arc::clone(&told);
    let layer = layer().on_decision(move |decision, request| {
        let words = match decision {
            Decision::Admitted { scheme, id, name } => {
                assert_eq!(scheme, Some(AuthScheme::Bearer));
                format!("{}/{}", id.unwrap_or_default(), name.unwrap_or_default())
            }
            Decision::Anonymous { reason } => format!("anonymous {reason:?}"),
            Decision::Refused(refused) => format!("{:?}", refused.reason()),
            _ => unreachable!(),
        };
        hears.lock().expect("no panic").push(format!("{} {words}", request.uri.path()));
    });
    for (path, token, expected) in [
        ("/a", Some("abc"), "/a k-1/kim"),
        ("/a", Some("abd"), "/a Unknown"),
        ("/a", None, "/a Missing"),
        ("/open", Some("abc"), "/open k-1/kim"),
        ("/open", Some("abd"), "/open anonymous Some(Unknown)"),
        ("/open", None, "/open anonymous None"),
    ] {
        ask(&layer, Method::GET, path, token).await;
        assert_eq!(std::mem::take(&mut *told.lock().expect("no panic")), [expected]);
    }
}

#[tokio::test]
async fn a_refusal_can_be_answered_in_another_way_and_stays_one() {
    let problem = layer().on_refusal(|refused, request| {
        let answer = Response::builder()
            .status(StatusCode::FOUND)
            .header("location", "/login")
            .header("cache-control", "public")
            .header("cdn-cache-control", "max-age=60")
            .header("content-length", "3")
            .header("www-authenticate", "Own")
            .body(format!("{:?} {}", refused.reason(), request.uri.path()));
        answer.ok()
    });
    let response = ask(&problem, Method::GET, "/a", Some("abd")).await;
    assert_eq!((response.status(), &response.headers()["location"]), (StatusCode::FOUND, &"/login".parse().unwrap()));
    assert_eq!(
        response.headers().get_all("www-authenticate").iter().collect::<Vec<_>>(),
        [r#"Bearer realm="r", error="invalid_token""#]
    );
    assert_eq!(response.headers().get_all("cache-control").iter().collect::<Vec<_>>(), ["no-store"]);
    assert!(
        !response.headers().contains_key("cdn-cache-control") && !response.headers().contains_key("content-length")
    );
    assert_eq!(response.extensions().get().copied().map(Refused::reason), Some(Reason::Unknown));
    assert_eq!(body(response).await, "Unknown /a");
    let head = ask(&problem, Method::HEAD, "/a", Some("abd")).await;
    assert_eq!(head.headers()["content-length"], "10");
    assert_eq!(body(head).await, "");
    assert_eq!(body(ask(&problem, Method::GET, "/a", Some("abc")).await).await, "kim true");
}

/// None is Sallet's own, and so is what would be a success, an interim response included; a 304 shows the page that the client has.
#[tokio::test]
async fn what_is_no_answer_to_a_refusal_is_not_sent() {
    for status in [0, 101, 103, 200, 204, 299, 304, 600, 999] {
        let layer = layer().on_refusal(move |_, _| Response::builder().status(status).body("come in").ok());
        let (log, listening) = Log::listen();
        let response = ask(&layer, Method::GET, "/a", None).await;
        drop(listening);
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{status}");
        assert_eq!(response.headers()["www-authenticate"], r#"Bearer realm="r""#);
        assert_eq!(response.extensions().get().copied().map(Refused::reason), Some(Reason::Missing));
        assert_eq!(body(response).await, r#"{"detail":"Not authenticated"}"#);
        let told = log.lines().iter().any(|line| line.starts_with("ERROR") && line.contains("no refusal"));
        assert_eq!(told, status != 0, "{:?}", log.lines());
    }
}

#[tokio::test]
async fn a_hidden_credential_is_not_seen_inside() {
    let hiding = layer().hide();
    for (path, token, seen) in
        [("/a", Some("abc"), "kim false"), ("/open", Some("abc"), "kim false"), ("/open", Some("abd"), "nobody false")]
    {
        assert_eq!(body(ask(&hiding, Method::GET, path, token).await).await, seen, "{path} {token:?}");
    }
    // Nor by the functions that hear of a decision and answer a refusal.
    let seen: Arc<Mutex<Vec<bool>>> = Arc::default();
    let (told, asked) = (Arc::clone(&seen), Arc::clone(&seen));
    let hears = hiding
        .clone()
        .on_decision(move |_, request| {
            told.lock().expect("no panic").push(request.headers.contains_key("authorization"));
        })
        .on_refusal(move |_, request| {
            asked.lock().expect("no panic").push(request.headers.contains_key("authorization"));
            None::<Response<Bytes>>
        });
    for (path, token, times) in [("/a", "abc", 1), ("/open", "abd", 1), ("/a", "abd", 2)] {
        ask(&hears, Method::GET, path, Some(token)).await;
        assert_eq!(std::mem::take(&mut *seen.lock().expect("no panic")), vec![false; times], "{path} {token}");
    }
    // A layer further in has nothing to read, and so it is shut.
    let service = hiding.layer(layer().layer(service_fn(inside)));
    let request = Request::get("/a").header("authorization", "Bearer abc").body(()).expect("a request");
    assert_eq!(service.oneshot(request).await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
}

/// A status of the app's own is what hooks, layers further out and the log learn, and it has no challenge, whoever writes the answer.
#[tokio::test]
async fn a_status_of_ones_own_is_the_one_that_is_told() {
    for (status, detail, retry) in
        [(403, "Forbidden", None), (404, "Not Found", None), (429, "Too Many Requests", Some("7"))]
    {
        let bearer = Bearer::from_fn(move |_: PresentedToken| {
            let denied = Denied::status(StatusCode::from_u16(status).expect("a status"));
            let denied = if retry.is_some() { denied.retry_after(Duration::from_secs(7)) } else { denied };
            ready(Err::<Principal, _>(denied))
        });
        let plain = RequireAuthLayer::new(bearer);
        let own = plain.clone().on_refusal(|refused, _| {
            Response::builder().status(refused.status()).body(format!("{}: {refused}", refused.detail())).ok()
        });
        let reason = format!("the app's own function refused it: {}", StatusCode::from_u16(status).expect("a status"));
        for (layer, text) in [(plain, format!(r#"{{"detail":"{detail}"}}"#)), (own, format!("{detail}: {reason}"))] {
            let (log, listening) = Log::listen();
            let response = ask(&layer, Method::GET, "/a", Some("abc")).await;
            drop(listening);
            let refused = response.extensions().get::<Refused>().expect("a refusal");
            assert_eq!((response.status().as_u16(), refused.status().as_u16()), (status, status));
            assert!(!response.headers().contains_key("www-authenticate"), "{status}");
            let after = response.headers().get("retry-after").map(|value| value.to_str().expect("ASCII"));
            assert_eq!(after, retry);
            assert_eq!(body(response).await, text);
            let told = log.lines().iter().any(|line| line.contains(&format!("status={status} reason={reason}")));
            assert!(told, "{:?}", log.lines());
        }
    }
    assert_eq!(Refused::new(Reason::Unknown).with_status(StatusCode::GONE).status(), StatusCode::GONE);
    assert_eq!(Refused::new(Reason::Unknown).status(), StatusCode::UNAUTHORIZED);
}
