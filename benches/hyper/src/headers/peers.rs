//! The peers, set up as their own docs advise.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use http_security_headers as peer;
use tower::Layer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::set_header::response::SetMultipleResponseHeadersLayer;

use super::{CSP, FIELDS, PERMISSIONS, REPORT_ONLY};
use crate::Contender;
use crate::app::{Body, Inner};

/// What a field is made of.
pub type Text = (&'static str, &'static str);

fn field((name, value): Text) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

pub fn tower_http_multiple<A: Inner>(fields: &[Text], app: A) -> impl Contender<Out = Body> + use<A> {
    let fields = fields.iter().map(|text| field(*text).into()).collect::<Vec<_>>();
    SetMultipleResponseHeadersLayer::if_not_present(fields).layer(app)
}

pub fn tower_http_stacked(app: impl Inner) -> impl Contender<Out = Body> {
    let [a, b, c, d, e, f, g, h, i, j] = FIELDS.map(|f| {
        let (name, value) = field(f);
        SetResponseHeaderLayer::if_not_present(name, value)
    });
    (a, b, c, d, e, f, g, h, i, j).layer(app)
}

/// It has no way to let the app win.
pub fn axum_helmet<A: Inner>(fields: &[Text], app: A) -> impl Contender<Out = Body> + use<A> {
    let helmet =
        fields.iter().fold(axum_helmet::Helmet::new(), |helmet, &(name, value)| helmet.add((name, value.to_owned())));
    helmet.into_layer().expect("good fields").layer(app)
}

pub fn http_security_headers(app: impl Inner) -> impl Contender<Out = Body> {
    let policy = peer::SecurityHeaders::builder()
        .content_security_policy(peer::ContentSecurityPolicy::parse(CSP).expect("a good policy"))
        .content_security_policy_report_only(peer::ContentSecurityPolicy::parse(REPORT_ONLY).expect("a good policy"))
        .strict_transport_security(Duration::from_secs(63_072_000), true, false)
        .x_frame_options_deny()
        .x_content_type_options_nosniff()
        .referrer_policy_no_referrer()
        .permissions_policy(peer::PermissionsPolicy::parse(PERMISSIONS).expect("a good policy"))
        .cross_origin_opener_policy(peer::CrossOriginOpenerPolicy::SameOrigin)
        .cross_origin_embedder_policy(peer::CrossOriginEmbedderPolicy::RequireCorp)
        .cross_origin_resource_policy(peer::CrossOriginResourcePolicy::SameOrigin)
        .build()
        .expect("a good policy");
    peer::SecurityHeadersLayer::new(policy).if_not_present().layer(app)
}
