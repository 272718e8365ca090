//! What is counted: one call each, with fixed inputs.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};

use http::{Request, Response};
use sallet_core::auth::{Credentials, Refusal, RequestFields};
use sallet_core::paths::RequestPath;
use sallet_core::{ContentSecurityPolicy, Cursor, Nonce, RequestHead, SecurityHeaders};
use sallet_core_bench::{policies, requests};
use sallet_hyper_bench::app::{App, Body, Case};
use sallet_hyper_bench::{Contender, auth, headers, once};
use tower::Service;

/// An operation, made ready to be called [`CALLS`] times.
pub struct Operation {
    pub name: &'static str,
    make: Box<dyn Fn() -> Box<dyn FnMut()>>,
}

/// The first is not counted: it fills what is filled once.
const CALLS: usize = 2;

impl Operation {
    fn new<T, F: FnMut() -> T + 'static>(name: &'static str, make: impl Fn() -> F + 'static) -> Self {
        let make = move || -> Box<dyn FnMut()> {
            let mut work = make();
            Box::new(move || {
                black_box(work());
            })
        };
        Self { name, make: Box::new(make) }
    }

    pub fn run(&self) {
        let mut work = (self.make)();
        for _ in 1..CALLS {
            work();
        }
        the_counted_call(&mut *work);
    }
}

/// Where counting begins and ends: callgrind is told this name.
#[inline(never)]
fn the_counted_call(work: &mut dyn FnMut()) {
    work();
    // Else the call would be a jump, and this function have ended before it.
    black_box(());
}

fn policy_operations() -> Vec<Operation> {
    vec![
        Operation::new("STRICT from its const template", || {
            let (mut buf, nonce) = ([0; 1024], Nonce::new(policies::ENTROPY));
            move || black_box(&policies::STRICT_TEMPLATE).write(&nonce, black_box(&mut buf)).is_ok()
        }),
        Operation::new("STRICT rendered anew", || {
            let mut buf = [0; 1024];
            move || black_box(&SecurityHeaders::STRICT).write_block(black_box(&mut buf)).is_ok()
        }),
        Operation::new("a page's template with its nonce", || {
            let (mut buf, nonce) = ([0; 1024], Nonce::new(policies::ENTROPY));
            move || black_box(&policies::PAGE_TEMPLATE).write(black_box(&nonce), black_box(&mut buf)).is_ok()
        }),
        Operation::new("a nonce from 16 bytes", || || Nonce::new(black_box(policies::ENTROPY))),
        Operation::new("a policy of 16 sources parsed", || {
            let text = policies::sources(16).to_string();
            move || ContentSecurityPolicy::parse(black_box(&text)).is_ok()
        }),
    ]
}

fn auth_operations() -> Vec<Operation> {
    let credentials = |name, wanted: &'static str| {
        Operation::new(name, move || {
            let (_, value) =
                requests::credentials().into_iter().find(|(name, _)| *name == wanted).expect("such a value");
            move || Credentials::parse(black_box(&value)).is_ok()
        })
    };
    let verify = |name, count| {
        Operation::new(name, move || {
            let ring = requests::ring(count);
            move || ring.verify(black_box(requests::TOKEN.as_bytes()), requests::NOW).is_ok()
        })
    };
    vec![
        credentials("credentials parsed", "typical"),
        credentials("credentials refused", "malformed"),
        verify("a token among 1 key", 1),
        verify("a token among 16 keys", 16),
        verify("a token among 256 keys", 256),
        Operation::new("from the field line to the key, 16 keys", || {
            let (ring, line) = (requests::ring(16), requests::bearer());
            move || {
                requests::READ
                    .verdict(
                        &ring,
                        &RequestFields::new("GET", &[("authorization", black_box(&line[..]))]),
                        requests::NOW,
                    )
                    .is_ok()
            }
        }),
        Operation::new("a challenge", || {
            let mut buf = [0; 256];
            move || {
                let mut out = Cursor::new(black_box(&mut buf));
                let challenge = requests::ANYBODY.challenge(black_box(Refusal::InvalidToken));
                challenge.expect("one").render(&mut out);
                out.finish().is_ok()
            }
        }),
    ]
}

fn request_operations() -> Vec<Operation> {
    let path = |name, at: usize| {
        Operation::new(name, move || {
            let (_, path, _) = requests::PATHS[at];
            move || {
                let path = black_box(path);
                black_box(&requests::RULES).access("GET", &RequestPath::raw(path.as_bytes()), false)
            }
        })
    };
    let head = |name, at: usize| {
        Operation::new(name, move || move || RequestHead::<32>::parse(black_box(requests::HEADS[at].1)).is_ok())
    };
    vec![
        path("a public path, the last of 8 rules", 1),
        path("a path that is not public", 2),
        head("a request head of 4 fields", 0),
        head("a request head of 14 fields", 1),
    ]
}

/// Gives out responses that were made before: the layer around it is counted, and not the app.
#[derive(Clone)]
struct Prepared(Vec<Response<Body>>);

impl Service<Request<Body>> for Prepared {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(self.0.pop().expect("one for each call")))
    }
}

fn layer<S: Contender + 'static>(
    name: &'static str,
    service: impl Fn() -> S + 'static,
    request: impl Fn() -> Request<Body> + 'static,
) -> Operation {
    Operation::new(name, move || {
        let mut service = service();
        let mut requests: Vec<_> = (0..CALLS).map(|_| request()).collect();
        move || once(&mut service, requests.pop().expect("one for each call")).status()
    })
}

fn layer_operations() -> Vec<Operation> {
    let app = |case| Prepared((0..CALLS).map(|_| once(&mut App(case), Request::new(Body::default()))).collect());
    let plain = || Request::new(Body::default());
    vec![
        layer(
            "headers layer, an app with 2 fields",
            move || headers::sallet(&headers::POLICY, app(Case::Plain)),
            plain,
        ),
        layer(
            "headers layer, one of the ten is the app's",
            move || headers::sallet(&headers::POLICY, app(Case::Own)),
            plain,
        ),
        layer(
            "headers layer, an app with 20 fields",
            move || headers::sallet(&headers::POLICY, app(Case::Many)),
            plain,
        ),
        layer("headers layer, with a nonce", move || headers::sallet_nonce(app(Case::Plain)), plain),
        layer("auth layer, a good token", auth::sallet, || auth::request(true)),
        layer("auth layer, an unknown token", auth::sallet, || auth::request(false)),
    ]
}

pub fn all() -> Vec<Operation> {
    [policy_operations(), auth_operations(), request_operations(), layer_operations()].into_iter().flatten().collect()
}
