//! What Sallet's fuzzers do with an input: a function for each target.
//!
//! They are plain functions, so that `cargo test` on stable Rust replays every stored input through the very code that
//! libFuzzer runs. Each asserts what the input *means*, against a second reader that shares no code with the core:
//! [`http-auth`](http_auth), [`httparse`], [`http`], [`url`], [`sfv`], axum's router [`matchit`], and small readers of
//! our own, written from the grammar in the RFC.

mod abnf;
mod buffers;
mod csp3;
mod input;
mod wire;

mod alternatives;
mod basic;
mod challenge;
mod challenge_against_http_auth;
mod content_security_policy;
mod credentials;
mod credentials_against_abnf;
mod headers;
mod path_rules;
mod render;
mod request_head;
mod secrets;

pub use alternatives::alternatives;
pub use basic::basic;
pub use challenge::challenge;
pub use challenge_against_http_auth::challenge_against_http_auth;
pub use content_security_policy::content_security_policy;
pub use credentials::credentials;
pub use credentials_against_abnf::credentials_against_abnf;
pub use headers::headers;
pub use path_rules::path_rules;
pub use render::render;
pub use request_head::request_head;
pub use secrets::secrets;
