//! What ten security headers add to a request.
//!
//! Every contender wraps the same inner service and sends the same ten fields; `bare` is that service alone. Each case is an
//! app: `plain` sends its content type and length, `own` sets one of the ten itself, `many` sends twenty fields of its own.

use std::hint::black_box;

use criterion::Criterion;
use http::Request;
use sallet_hyper_bench::app::{App, Body, Case};
use sallet_hyper_bench::{headers, once};

pub fn ten_headers(c: &mut Criterion) {
    for case in Case::ALL {
        let mut group = c.benchmark_group(case.name());
        let request = || Request::new(Body::default());
        macro_rules! contender {
            ($name:literal, $service:expr) => {{
                let mut service = $service;
                headers::check($name, case, &once(&mut service, request()));
                group.bench_function($name, |b| b.iter(|| black_box(once(black_box(&mut service), request()))));
            }};
        }
        let app = App(case);
        contender!("bare", app);
        contender!("sallet", headers::sallet(&headers::POLICY, app));
        contender!("sallet overriding", headers::sallet_overriding(app));
        contender!("sallet nonce", headers::sallet_nonce(app));
        contender!("tower-http multiple", headers::tower_http_multiple(&headers::FIELDS, app));
        contender!("axum-helmet", headers::axum_helmet(&headers::FIELDS, app));
        contender!("http-security-headers", headers::http_security_headers(app));
        contender!("tower-http stacked", headers::tower_http_stacked(app));
        group.finish();
    }
}
