//! What the services ask of those they wrap: as little as can be.

use std::future::{Future, Ready, poll_fn, ready};
use std::marker::{PhantomData, PhantomPinned};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use sallet_core::SecurityHeaders;
use sallet_core::auth::{Key, Keyring, Refusal};
use sallet_core::digest_hex;
use sallet_hyper::require_auth::ResponseBody;
use sallet_hyper::{Bearer, Layer, PresentedToken, RequireAuthLayer, SecurityHeadersLayer, User};
use tower::Service;
use tower::limit::ConcurrencyLimit;

/// The token is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

/// Neither `Default` nor `Clone`, `Send` or `Unpin`, and its data is not `Bytes`.
struct Odd(PhantomData<Rc<()>>, PhantomPinned);

const ODD: Odd = Odd(PhantomData, PhantomPinned);

impl Body for Odd {
    type Data = BytesMut;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<BytesMut>, Broken>>> {
        Poll::Ready(None)
    }
}

#[derive(Clone)]
struct Anyone;

impl User for Anyone {}

#[derive(Clone)]
struct Number(u16);

impl User for Number {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

/// A body that nobody may read.
struct Unread;

impl Body for Unread {
    type Data = &'static [u8];
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<&'static [u8]>, Broken>>> {
        panic!("the body of a request was read");
    }
}

/// A service that is ready for one call when it has been asked twice, and whose clones have to be asked again.
#[derive(Default)]
struct Gate {
    asked: u32,
    fails: bool,
}

impl Clone for Gate {
    fn clone(&self) -> Self {
        Self { asked: 0, fails: self.fails }
    }
}

impl Service<Request<Unread>> for Gate {
    type Response = Response<Odd>;
    type Error = Broken;
    type Future = Ready<Result<Response<Odd>, Broken>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.asked += 1;
        if self.asked < 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Unread>) -> Self::Future {
        assert!(self.asked >= 2, "called before it was ready");
        self.asked = 0;
        ready(if self.fails { Err(Broken) } else { Ok(Response::new(ODD)) })
    }
}

fn request(token: &str) -> Request<Unread> {
    Request::builder().header("authorization", format!("Bearer {token}")).body(Unread).expect("a request")
}

/// Asks until it is ready, then calls; tells how often it was not ready.
async fn call<S>(service: &mut S, request: Request<Unread>) -> (u32, Result<S::Response, S::Error>)
where
    S: Service<Request<Unread>>,
    S::Error: std::fmt::Debug,
{
    let mut not_yet = 0;
    poll_fn(|cx| {
        let poll = service.poll_ready(cx);
        not_yet += u32::from(poll.is_pending());
        poll
    })
    .await
    .expect("a service that gets ready");
    let response = service.call(request).await;
    (not_yet, response)
}

/// The whole stack, twice in a row: nothing is called that was not ready, and readiness is not used up by others.
#[tokio::test]
async fn back_pressure() {
    let headers = SecurityHeadersLayer::new(&SecurityHeaders::API);
    let mut service = headers.layer(RequireAuthLayer::new(Bearer::new(&KEYS)).layer(Gate::default()));
    for _ in 0..2 {
        let (not_yet, response) = call(&mut service, request("abc")).await;
        assert_eq!((not_yet, response.map(|response| response.status())), (1, Ok(StatusCode::OK)));
    }
    // A refusal gives up what was ready.
    let (not_yet, response) = call(&mut service, request("abd")).await;
    assert_eq!((not_yet, response.map(|response| response.status())), (1, Ok(StatusCode::UNAUTHORIZED)));
    let (not_yet, response) = call(&mut service, request("abc")).await;
    assert_eq!((not_yet, response.map(|response| response.status())), (1, Ok(StatusCode::OK)));
}

#[tokio::test]
async fn back_pressure_while_a_token_is_looked_up() {
    async fn lookup(token: PresentedToken) -> Result<Anyone, Refusal> {
        tokio::task::yield_now().await;
        if token.as_str() == "abc" { Ok(Anyone) } else { Err(Refusal::InvalidToken) }
    }

    let mut service = RequireAuthLayer::new(Bearer::from_fn(lookup)).layer(Gate::default());
    for token in ["abc", "abc", "abd", "abc"] {
        let (not_yet, response) = call(&mut service, request(token)).await;
        let status = if token == "abc" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!((not_yet, response.map(|response| response.status())), (1, Ok(status)));
    }
}

#[tokio::test]
async fn errors_pass_through() {
    let headers = SecurityHeadersLayer::new(&SecurityHeaders::API);
    let broken = || Gate { fails: true, ..Gate::default() };
    let mut service = headers.layer(RequireAuthLayer::new(Bearer::new(&KEYS)).layer(broken()));
    assert_eq!(call(&mut service, request("abc")).await.1.map(|_| ()), Err(Broken));
    let mut service = headers.layer(
        RequireAuthLayer::new(Bearer::from_fn(async |_: PresentedToken| Ok::<_, Refusal>(Anyone))).layer(broken()),
    );
    assert_eq!(call(&mut service, request("abc")).await.1.map(|_| ()), Err(Broken));
}

/// Whoever is refused goes away; the permit that was taken for the inner service must go too, however long the stack lives.
#[tokio::test]
async fn a_refusal_gives_its_permit_back() {
    async fn lookup(token: PresentedToken) -> Result<Anyone, Refusal> {
        tokio::task::yield_now().await;
        if token.as_str() == "abc" { Ok(Anyone) } else { Err(Refusal::InvalidToken) }
    }

    async fn one_place<V>(auth: RequireAuthLayer<V>, refused: Request<Unread>)
    where
        sallet_hyper::require_auth::RequireAuth<ConcurrencyLimit<Gate>, V>:
            Service<Request<Unread>, Response = Response<ResponseBody<Odd>>, Error = Broken> + Clone,
    {
        let mut first = auth.layer(ConcurrencyLimit::new(Gate::default(), 1));
        let mut second = first.clone();
        let response = call(&mut first, refused).await.1.expect("an answer");
        assert_ne!(response.status(), StatusCode::OK);
        // The first lives on, and nobody else has the place.
        let good = tokio::time::timeout(Duration::from_secs(10), call(&mut second, request("abc")));
        let response = good.await.expect("a permit that somebody kept").1.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        drop((first, response));
    }

    for refused in ["abd", "a b"] {
        one_place(RequireAuthLayer::new(Bearer::new(&KEYS)), request(refused)).await;
        one_place(RequireAuthLayer::new(Bearer::from_fn(lookup)), request(refused)).await;
    }
}

/// Futures that are neither `Unpin` nor `Send`, and clones of a stack that work alike.
#[tokio::test]
async fn futures_of_any_kind() {
    let inner = tower::service_fn(async |_: Request<Unread>| {
        let here = Rc::new(ODD);
        tokio::task::yield_now().await;
        Ok::<_, Broken>(Response::new(Rc::into_inner(here).expect("the only one")))
    });
    let headers = SecurityHeadersLayer::new(&SecurityHeaders::API);
    let mut service = headers.layer(RequireAuthLayer::new(Bearer::new(&KEYS)).layer(inner));
    let mut twin = service.clone();
    for service in [&mut service, &mut twin] {
        let response = call(service, request("abc")).await.1.expect("a response");
        assert_eq!(response.headers()["x-frame-options"], "DENY");
        assert!(pin!(response.into_body()).frame().await.is_none());
    }
}

/// Neither the body of the request nor the inner service is touched for those who are not let in.
#[tokio::test]
async fn a_refusal_comes_before_everything() {
    let inner = tower::service_fn(async |_: Request<Unread>| -> Result<Response<Odd>, Broken> {
        panic!("called for a stranger");
    });
    let mut service = RequireAuthLayer::new(Bearer::new(&KEYS)).layer(inner);
    let mut refused = pin!(service.call(request("abd")));
    let Poll::Ready(Ok(response)) = refused.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("a refusal waits for nothing");
    };
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(42));
    let mut body = pin!(body);
    let data = body.frame().await.expect("a frame").expect("no error").into_data().expect("data");
    assert_eq!(&data[..], br#"{"detail":"The credentials are not valid"}"#);
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
}

/// The same types are hyper services around hyper services.
#[tokio::test]
async fn hyper_services() {
    use hyper::service::{Service, service_fn};

    let inner = service_fn(async |request: Request<Unread>| {
        let mut response = Response::new(ODD);
        let who: Option<&Number> = request.extensions().get();
        response.headers_mut().insert("who", who.expect("a user").0.into());
        Ok::<_, Broken>(response)
    });
    let headers = SecurityHeadersLayer::new(&SecurityHeaders::API);
    let service = headers.layer(
        RequireAuthLayer::new(Bearer::from_fn(async |_: PresentedToken| Ok::<_, Refusal>(Number(7)))).layer(inner),
    );
    let response = service.call(request("abc")).await.expect("a response");
    assert_eq!(
        (&response.headers()["who"], &response.headers()["x-frame-options"]),
        (&"7".parse().unwrap(), &"DENY".parse().unwrap())
    );
    let response = service.call(Request::new(Unread)).await.expect("a response");
    assert_eq!(
        (response.status(), &response.headers()["x-frame-options"]),
        (StatusCode::UNAUTHORIZED, &"DENY".parse().unwrap())
    );
}
