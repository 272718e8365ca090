//! Guessing, slowed down.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use sallet_core::auth::{Key, Keyring, Reason, Refusal, Scopes};
use sallet_core::digest_hex;
use sallet_hyper::require_auth::{Refused, Verify};
use sallet_hyper::{Basic, Bearer, FailureThrottle, Layer, PresentedToken, Principal, RequireAuthLayer};
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};

use super::client::{get as get_from, one};
use super::log::Log;
use super::server::{Answer, text};

/// The token is `abc`, user and password are `a:bc`.
static KEYS: Keyring = Keyring::new(&[
    Key::new("token", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).scopes("a"),
    Key::new("login", digest_hex!("c140f47475217ae947569d11406e72b36f774f7b5694693b21cddd3282e20439")),
]);

const HOUR: Duration = Duration::from_secs(3600);

/// The client says its address by itself.
fn address(request: &Parts) -> Option<IpAddr> {
    request.headers.get("x-from")?.to_str().ok()?.parse().ok()
}

fn throttle(failures: u32) -> FailureThrottle {
    FailureThrottle::new(failures, HOUR, address)
}

async fn ask<V: Verify>(layer: &RequireAuthLayer<V>, path: &str, from: &str, credential: &str) -> Response<String> {
    let service = layer.layer(service_fn(async |request: Request<()>| {
        Answer::Ok(text(request.extensions().get::<Principal>().map_or("nobody", Principal::id).to_owned()))
    }));
    let mut request = Request::get(path);
    if !from.is_empty() {
        request = request.header("x-from", from);
    }
    if !credential.is_empty() {
        request = request.header("authorization", credential);
    }
    let (parts, body) = service.oneshot(request.body(()).expect("a request")).await.expect("an answer").into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).expect("text"))
}

async fn statuses<V: Verify>(layer: &RequireAuthLayer<V>, asked: &[(&str, &str)]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (from, credential) in asked {
        statuses.push(ask(layer, "/", from, credential).await.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn after_too_many_failures_nothing_is_looked_at() {
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/open"]).throttle(throttle(3));
    // None at all and a good one are no failures; a line that cannot be read is one.
    let asked = ["", "Bearer abc", "", "Bearer no", "Bearer a b", "Bearer abc", "Bearer no"];
    let asked = asked.map(|credential| ("192.0.2.1", credential));
    assert_eq!(statuses(&layer, &asked).await, [401, 200, 401, 401, 400, 200, 401]);
    let refused = ask(&layer, "/", "192.0.2.1", "Bearer abc").await;
    assert_eq!(refused.status(), 429, "a good one too");
    let after: u64 = refused.headers()["retry-after"].to_str().expect("ASCII").parse().expect("seconds");
    assert!((1..=3600).contains(&after), "{after}");
    assert!(!refused.headers().contains_key("www-authenticate"));
    assert_eq!(refused.headers()["cache-control"], "no-store");
    assert_eq!(refused.body(), r#"{"detail":"Too many wrong credentials, try again later"}"#);
    assert_eq!(refused.extensions().get::<Refused>().map(|refused| refused.reason()), Some(Reason::Throttled));
    // Who shows nothing guesses nothing, and a public path is open without a name.
    assert_eq!(statuses(&layer, &[("192.0.2.1", ""), ("192.0.2.2", "Bearer abc")]).await, [401, 200]);
    assert_eq!(ask(&layer, "/open", "192.0.2.1", "Bearer abc").await.body(), "nobody");
    assert_eq!(ask(&layer, "/open", "192.0.2.2", "Bearer abc").await.body(), "token");
}

#[tokio::test]
async fn a_client_is_an_address_or_a_network() {
    for (first, second, status) in [
        ("192.0.2.1", "192.0.2.1", 429),
        ("192.0.2.1", "192.0.2.2", 200),
        ("192.0.2.1", "::ffff:192.0.2.1", 429),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 429),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", 200),
        // Nobody knows whose it is.
        ("", "no address", 429),
    ] {
        let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).throttle(throttle(1));
        let asked = [(first, "Bearer no"), (second, "Bearer abc")];
        assert_eq!(statuses(&layer, &asked).await, [401, status], "{first} {second}");
    }
}

#[tokio::test]
async fn too_few_scopes_are_no_guess() {
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS).scopes("b")).throttle(throttle(1));
    assert_eq!(statuses(&layer, &[("192.0.2.1", "Bearer abc"); 3]).await, [403; 3]);
    let away = Bearer::from_fn(async |_: PresentedToken| Err::<Principal, _>(Refusal::Unavailable));
    let layer = RequireAuthLayer::new(away).throttle(throttle(1));
    assert_eq!(statuses(&layer, &[("192.0.2.1", "Bearer abc"); 3]).await, [503; 3]);
}

/// From many addresses, in spellings of one name: Ada:no, ADA:no, \u{ff21}da:no.
#[tokio::test]
async fn a_user_is_guessed_at_from_anywhere() {
    let logins = ["Basic QWRhOm5v", "Basic QURBOm5v", "Basic 77yhZGE6bm8="];
    let asked: Vec<(String, &str)> = (0..4).map(|n| (format!("192.0.2.{n}"), logins[n % 3])).collect();
    let asked: Vec<_> = asked.iter().map(|(from, login)| (&**from, *login)).collect();
    let layer = RequireAuthLayer::new(Basic::new(&KEYS)).throttle(throttle(3));
    assert_eq!(statuses(&layer, &asked).await, [401, 401, 401, 429]);
    assert_eq!(statuses(&layer, &[("192.0.2.1", "Basic YTpiYw==")]).await, [200], "another user");
    let layer = RequireAuthLayer::new(Basic::new(&KEYS)).throttle(throttle(3).per_user(false));
    assert_eq!(statuses(&layer, &asked).await, [401; 4]);
}

/// What was judged while others guessed is refused, right or wrong, or many guesses at once would all be answered.
#[tokio::test]
async fn what_ends_late_is_refused() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (gate, waits) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::clone(&asked));
    let opens = Arc::clone(&gate);
    let bearer = Bearer::from_fn(move |token: PresentedToken| {
        let (gate, waits) = (Arc::clone(&gate), Arc::clone(&waits));
        async move {
            waits.fetch_add(1, SeqCst);
            gate.acquire().await.expect("an open gate").forget();
            match token.as_str() {
                "abc" => Ok(Principal::new("k", "kim", Scopes::EMPTY)),
                _ => Err(Refusal::InvalidToken),
            }
        }
    });
    let layer = RequireAuthLayer::new(bearer).throttle(throttle(2));
    let guesses = tokio::spawn({
        let layer = layer.clone();
        async move {
            let guess = |token| ask(&layer, "/", "192.0.2.1", token);
            let (a, b, c, d) =
                tokio::join!(guess("Bearer x"), guess("Bearer y"), guess("Bearer abc"), guess("Bearer z"));
            [a, b, c, d].map(|answer| answer.status().as_u16())
        }
    });
    while asked.load(SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    opens.add_permits(4);
    let mut answers = guesses.await.expect("answers");
    answers.sort_unstable();
    assert!(
        matches!(answers, [200 | 401, 401, .., 429]) && answers.iter().filter(|&&status| status == 401).count() == 2
    );
    // And none is looked at.
    assert_eq!(ask(&layer, "/", "192.0.2.1", "Bearer abc").await.status(), 429);
    assert_eq!(asked.load(SeqCst), 4);
}

#[tokio::test]
async fn a_window_ends() {
    let short = FailureThrottle::new(1, Duration::from_millis(50), address);
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).throttle(short);
    assert_eq!(statuses(&layer, &[("192.0.2.1", "Bearer no")]).await, [401]);
    // However long it takes.
    while ask(&layer, "/", "192.0.2.1", "Bearer abc").await.status() == 429 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(statuses(&layer, &[("192.0.2.1", "Bearer abc")]).await, [200]);
}

/// Each of many clients fails once, and one of them goes on: its counter is not among those that are dropped.
#[tokio::test]
async fn counters_are_bounded() {
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).throttle(throttle(5).max_counters(8));
    for n in 0..200_u32 {
        let other = format!("10.0.{}.{}", n / 250, n % 250);
        assert_eq!(statuses(&layer, &[(&other, "Bearer no")]).await, [401]);
        let guesser = if n < 5 { 401 } else { 429 };
        if n < 6 {
            assert_eq!(statuses(&layer, &[("192.0.2.1", "Bearer no")]).await, [guesser], "{n}");
        }
    }
    // Two hundred clients later, it is forgotten, and so is the first of them.
    assert_eq!(statuses(&layer, &[("192.0.2.1", "Bearer abc"), ("10.0.0.0", "Bearer abc")]).await, [200, 200]);
}

/// The address of the socket, as axum knows it.
#[tokio::test]
async fn under_axum() {
    let throttle = FailureThrottle::new(2, HOUR, |request| {
        request.extensions.get().map(|ConnectInfo(client): &ConnectInfo<SocketAddr>| client.ip())
    });
    let app = Router::new()
        .route("/", get(async || "in"))
        .layer(RequireAuthLayer::new(Bearer::new(&KEYS)).throttle(throttle))
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut statuses = Vec::new();
    for token in ["abc", "no", "no", "abc"] {
        statuses.push(get_from(addr, "/", &format!("authorization: Bearer {token}\r\n")).await.status);
    }
    assert_eq!(statuses, [200, 401, 401, 429]);
    let shown = one(addr, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(shown.status, 401);
}

/// They share one counter, so that one who guesses keeps the others out: the log says so, once.
#[tokio::test]
async fn clients_without_an_address_are_named_in_the_log() {
    let (log, _guard) = Log::listen();
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).throttle(throttle(2));
    assert_eq!(statuses(&layer, &[("", "Bearer abc"), ("192.0.2.1", "Bearer no")]).await, [200, 401]);
    let said = || log.lines().into_iter().filter(|line| line.contains("without an address")).collect::<Vec<_>>();
    assert!(said().is_empty());
    assert_eq!(statuses(&layer, &[("", "Bearer no"), ("", "Bearer no"), ("", "Bearer abc")]).await, [401, 401, 429]);
    assert!(
        matches!(&said()[..], [line] if line.starts_with("ERROR sallet") && line.contains("into_make_service_with_connect_info"))
    );
}

#[test]
#[should_panic(expected = "a throttle counts at least one failure")]
fn nobody_is_refused_before_the_first() {
    let _ = throttle(0);
}

/// A client that hangs up before its verdict has guessed all the same, once for each time.
#[tokio::test]
async fn who_does_not_wait_for_the_answer_is_counted() {
    let never = Basic::from_fn(async |_: PresentedToken| std::future::pending::<Result<Principal, Refusal>>().await);
    let layer = RequireAuthLayer::new(never).throttle(throttle(3));
    for _ in 0..3 {
        let guess = ask(&layer, "/", "192.0.2.1", "Basic YTpiYw==");
        tokio::select! {
            biased;
            answer = guess => panic!("{answer:?}"),
            () = std::future::ready(()) => {}
        }
    }
    assert_eq!(ask(&layer, "/", "192.0.2.1", "Basic YTpiYw==").await.status(), 429);
    // What got its answer is not counted when it is dropped.
    let good = Bearer::from_fn(async |_: PresentedToken| Ok::<_, Refusal>(Principal::new("k", "kim", Scopes::EMPTY)));
    let layer = RequireAuthLayer::new(good).throttle(throttle(1));
    assert_eq!(statuses(&layer, &[("192.0.2.1", "Bearer abc"); 3]).await, [200; 3]);
}

/// A page of another site makes a browser show wrong tokens.
#[tokio::test]
async fn another_site_does_not_lock_a_client_out() {
    let layer = RequireAuthLayer::new(Bearer::new(&KEYS).query("t")).throttle(throttle(2));
    let ask = async |path: &str, site: &str| {
        let request = Request::get(path).header("x-from", "192.0.2.1").header("sec-fetch-site", site).body(());
        let service = layer.layer(service_fn(async |_: Request<()>| Answer::Ok(text("in".to_owned()))));
        service.oneshot(request.expect("a request")).await.expect("an answer").status().as_u16()
    };
    for status in [401, 401, 429] {
        assert_eq!(ask("/?t=no", "cross-site").await, status, "it is slowed down itself");
    }
    assert_eq!(ask("/?t=abc", "same-origin").await, 200);
    for status in [401, 401, 429] {
        assert_eq!(ask("/?t=no", "same-origin").await, status);
    }
}
