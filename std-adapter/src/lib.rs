//! **Sallet for hyper, axum and tonic**: security headers on every response, and credentials (bearer tokens, API keys, Basic)
//! checked before the request body is read.
//!
//! Two tower layers that are hyper services as well. The policy and the keys come from [`sallet_core`], where a mistake in
//! a constant does not compile.
//!
//! ```
//! use axum::{Router, routing::get};
//! use sallet_core::auth::{Key, Keyring};
//! use sallet_core::{ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source, digest_hex};
//! use sallet_hyper::{Bearer, RequireAuthLayer, SecurityHeadersLayer};
//!
//! const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[
//!     Directive::default_src(&[Source::SELF]),
//!     Directive::img_src(&[Source::SELF, Source::new("https://images.example")]),
//! ]);
//! const POLICY: SecurityHeaders = SecurityHeaders::STRICT.content_security_policy(Some(CSP));
//!
//! static KEYS: Keyring = Keyring::new(&[
//!     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
//! ]);
//!
//! let app: Router = Router::new()
//!     .route("/items", get(async || "helm"))
//!     .layer(RequireAuthLayer::new(Bearer::new(&KEYS).realm("items")).public(["/health"]))
//!     .layer(SecurityHeadersLayer::new(&POLICY).scheme(Scheme::Https)); // last, so outermost; `protect` does both
//! # let _ = app;
//! ```
//!
//! | | |
//! |---|---|
//! | [`security_headers`] | [`SecurityHeadersLayer`]: where to put it, who wins, HTTPS, nonces |
//! | [`require_auth`] | [`RequireAuthLayer`]: where to put it, what it answers, public paths, keys that change |
//!
//! The folder `examples` has a server each for hyper, axum (HTTP/1, HTTP/2, TLS) and tonic.
//!
//! # Costs
//!
//! For each request: no lock (but of a `FailureThrottle`), no task, no boxed future (but for hashing a password); one reference count for the layer's settings, and what
//! [`HeaderMap`](http::HeaderMap) allocates. A policy with a nonce asks the operating system for 16 bytes, looks at the type of the
//! response and copies one value.
//! Functions of the request ([`policy_by`](SecurityHeadersLayer::policy_by), [`scheme_by`](SecurityHeadersLayer::scheme_by)) are
//! called directly.
//!
//! # Features
//!
//! None is on by default, and none changes what the others do.
//!
//! - `hyper`: both middlewares are [`hyper::service::Service`](https://docs.rs/hyper)s too.
//! - `axum`: [`Principal`] and [`RequestNonce`] are extractors, and a [`ResponsePolicy`] is a part of a response. Without it
//!   `|who: Principal|` is no handler, and all that the compiler says is `Handler<_, _> is not satisfied`. Where the layer is missing that
//!   would have put them there, the client gets a bare 500; the reason is in the log (feature `tracing`) and in the extensions of
//!   the response (`Missing`). Inside of axum's routers it also
//!   shows the layers the path as the client sent it; **without it no path is public there**.
//! - `arc-swap`: an `ArcSwap` of a keyring is a set of [`Keys`](require_auth::Keys), swapped without a lock.
//! - `file`: `KeyFile`, the keys of a TOML file, which Python's `Keyring.from_file` reads too; changes of a watched file are in force
//!   within a second.
//! - `passwords`: `Passwords`, the users of Basic by Argon2id hashes of their passwords, hashed in tokio's threads for blocking work.
//! - `throttle`: `FailureThrottle`, 429 for a client that has shown too many wrong credentials.
//! - `tracing`: events in the target `sallet`, with key ids and reasons: what a layer opens, as it is made, who was refused
//!   and that a rule did not open its path (info), who was admitted (debug), lookups that failed, extractors without their layer
//!   and rules that can open nothing (error); keys that were taken from a file (info; warn if there is none) and
//!   what is wrong with a watched one (error). Never a token.
//!
//! # Limits
//!
//! No TLS, no sessions, no rate limits but that of failures; JWTs by a verifier of yours, as in `examples/jwt.rs`. `X-Forwarded-Proto` is not read. Upgraded connections are not looked into.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod checked;
mod events;
#[cfg(feature = "axum")]
mod extract;
mod for_one;
mod missing;
mod nonce;
mod parts;
#[cfg(feature = "axum")]
mod protect;
mod request_path;

pub mod require_auth;
pub mod security_headers;

pub use checked::{Checked, RuleList};
pub use missing::Missing;
pub use nonce::RequestNonce;
#[cfg(feature = "axum")]
pub use protect::{Protected, protect};
#[cfg(feature = "throttle")]
pub use require_auth::FailureThrottle;
pub use require_auth::schemes::*;
pub use require_auth::{
    Denied, OwnedKeyring, PresentedToken, Principal, ProtectedResource, RequireAuthLayer, RequireScopes, User,
};
#[cfg(feature = "file")]
pub use require_auth::{KeyFile, KeyFileCause, KeyFileError};
#[cfg(feature = "passwords")]
pub use require_auth::{PasswordUser, Passwords, PasswordsError};
pub use sallet_core;
pub use security_headers::{ResponsePolicy, SecurityHeadersLayer};
pub use tower_layer::Layer;

// The Rust blocks of the README, compiled and run with the other examples.
#[cfg(all(doctest, feature = "axum", feature = "file", feature = "passwords", feature = "throttle"))]
#[doc = include_str!("../../README.md")]
struct Readme;
